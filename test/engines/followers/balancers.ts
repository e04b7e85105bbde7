import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../../../harness/free-port.ts'
import { call } from '../../helpers/http.ts'
import { OPS } from '../ops/promtool.ts'
import { retried } from '../streams/retried.ts'

/** URLs of the servers that a balancer sends requests to. */
export interface Backends {
  readonly leader: string
  readonly followers: readonly [string, string]
  readonly maxLagSeconds: number
}

const PROGRAMS = {
  HAProxy: (port: number) => ({
    command: 'haproxy',
    args: ['-db', '-f', join(OPS, 'followers', 'haproxy.cfg')],
    listen: `127.0.0.1:${port}`,
  }),
  Caddy: (port: number) => ({
    command: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', join(OPS, 'followers', 'Caddyfile')],
    listen: `http://127.0.0.1:${port}`,
  }),
}

export type BalancerName = keyof typeof PROGRAMS

/** Debian's HAProxy or Caddy in front of a leader and two followers, with the configuration that users get. */
export class FollowerBalancer {
  /** With the admin's credentials. */
  readonly url: string
  readonly #child: ChildProcess
  #said = ''

  static async start(name: BalancerName, backends: Backends): Promise<FollowerBalancer> {
    const port = await freePort()
    const { command, args, listen } = PROGRAMS[name](port)
    const [one, two] = backends.followers.map(url => new URL(url).host)
    const env = {
      ...process.env,
      LISTEN: listen,
      LEADER: new URL(backends.leader).host,
      FOLLOWER1: one,
      FOLLOWER2: two,
      MAX_LAG: String(backends.maxLagSeconds),
    }
    const balancer = new FollowerBalancer(port, spawn(command, args, { env }))
    try {
      await retried(async () => {
        const { status } = await call(balancer.url, 'GET', '/_up')
        if (status !== 200) throw new Error(`answered ${status}: ${balancer.#said}`)
      }, 20_000)
      return balancer
    } catch (error) {
      await balancer.close()
      throw new Error(balancer.#said, { cause: error })
    }
  }

  private constructor(port: number, child: ChildProcess) {
    this.url = `http://admin:pass@127.0.0.1:${port}`
    this.#child = child
    child.on('error', error => (this.#said += error.message))
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => (this.#said = (this.#said + text.toString()).slice(-16_384)))
  }

  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
