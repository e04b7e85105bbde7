import { startScript, ADMIN, type ChildServer } from '../../../harness/child-server.ts'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'

const SETTINGS = [
  'replicator/crash_backoff=50',
  'replicator/health_threshold=1',
  'replicator/checkpoint_interval=200',
  'replicator/interval=500',
]

/** A Couchette in a process of its own, which comes back after a kill at its address and with its data. */
export class Node {
  readonly url: string
  readonly #dir: TempDir
  readonly #port: number
  #child: ChildServer | undefined

  private constructor(dir: TempDir, port: number) {
    this.#dir = dir
    this.#port = port
    this.url = `http://${ADMIN.name}:${ADMIN.password}@127.0.0.1:${port}`
  }

  static async start(): Promise<Node> {
    const node = new Node(await tempDir(), await freePort())
    await node.up()
    return node
  }

  async up(): Promise<void> {
    const at = ['--port', String(this.#port), '--data', this.#dir.path]
    const settings = SETTINGS.flatMap(setting => ['--set', setting])
    const admin = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
    this.#child = await startScript('cli/main', [...at, ...settings], admin)
  }

  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  async close(): Promise<void> {
    await this.kill()
    await this.#dir.remove()
  }
}
