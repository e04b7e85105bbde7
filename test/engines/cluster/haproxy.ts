import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../../../harness/free-port.ts'
import { call } from '../../helpers/http.ts'
import { OPS } from '../ops/promtool.ts'
import { retried } from '../streams/retried.ts'

const CONFIGURATION = join(OPS, 'cluster', 'haproxy.cfg')

/** Debian's HAProxy in front of three nodes, with the configuration that users get. */
export class HaProxy {
  /** With the admin's credentials. */
  readonly url: string
  readonly #child: ChildProcess
  #said = ''

  /** @param nodes URLs of three nodes */
  static async start(nodes: readonly string[]): Promise<HaProxy> {
    const port = await freePort()
    const [one, two, three] = nodes.map(url => new URL(url).host)
    const env = {
      ...process.env,
      LISTEN: `127.0.0.1:${port}`,
      COUCHETTE1: one,
      COUCHETTE2: two,
      COUCHETTE3: three,
    }
    const proxy = new HaProxy(port, spawn('haproxy', ['-db', '-f', CONFIGURATION], { env }))
    try {
      await retried(async () => {
        const { status } = await call(proxy.url, 'GET', '/_up')
        if (status !== 200) throw new Error(`answered ${status}: ${proxy.#said}`)
      }, 20_000)
      return proxy
    } catch (error) {
      await proxy.close()
      throw error
    }
  }

  private constructor(port: number, child: ChildProcess) {
    this.url = `http://admin:pass@127.0.0.1:${port}`
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => (this.#said += text.toString()))
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
