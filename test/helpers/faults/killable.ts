import { ADMIN, startScript } from '../../../harness/child-server.ts'
import type { ChildServer } from '../../../harness/child-server.ts'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir } from '../temp.ts'
import type { TempDir } from '../temp.ts'
import { IMPATIENT } from './jobs.ts'

/** A node in a process of its own that is killed and started again at the same address. */
export class KillableNode {
  /** With the admin's credentials. */
  readonly url: string
  readonly #dir: TempDir
  readonly #port: number
  #server: ChildServer | undefined

  private constructor(dir: TempDir, port: number) {
    this.#dir = dir
    this.#port = port
    this.url = `http://${ADMIN.name}:${ADMIN.password}@127.0.0.1:${port}`
  }

  static async start(): Promise<KillableNode> {
    const node = new KillableNode(await tempDir(), await freePort())
    await node.start()
    return node
  }

  async start(): Promise<void> {
    const settings = IMPATIENT.flatMap(({ section, key, value }) => ['--set', `${section}/${key}=${value}`])
    const options = ['--port', String(this.#port), '--data', this.#dir.path, ...settings]
    const env = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
    this.#server = await startScript('cli/main', options, env)
  }

  async kill(): Promise<void> {
    await this.#server?.kill()
    this.#server = undefined
  }

  async close(): Promise<void> {
    await this.kill()
    await this.#dir.remove()
  }
}
