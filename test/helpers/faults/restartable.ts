import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ADMIN } from '../../../harness/child-server.ts'
import { createServer } from '../../../server/main.ts'
import type { Couchette, CouchetteOptions } from '../../../server/main.ts'
import { tempDir } from '../temp.ts'
import type { TempDir } from '../temp.ts'

type Settings = NonNullable<CouchetteOptions['settings']>

/** A node that keeps its data, and its address, from one start to the next. */
export class RestartableNode {
  /** With the admin's credentials. */
  readonly url: string
  readonly #dir: TempDir
  readonly #settings: Settings
  readonly #port: number
  #couchette: Couchette | undefined

  private constructor(dir: TempDir, settings: Settings, couchette: Couchette) {
    this.#dir = dir
    this.#settings = settings
    this.#port = couchette.port
    this.#couchette = couchette
    this.url = couchette.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`)
  }

  static async start(settings: Settings = []): Promise<RestartableNode> {
    const dir = await tempDir()
    return new RestartableNode(dir, settings, await open(join(dir.path, 'data'), 0, settings))
  }

  async stop(): Promise<void> {
    await this.#couchette?.close()
    this.#couchette = undefined
  }

  async start(): Promise<void> {
    this.#couchette = await open(this.data, this.#port, this.#settings)
  }

  /** Copies its data while it is stopped. */
  async backUp(): Promise<void> {
    await this.stop()
    await cp(this.data, this.#backup, { recursive: true })
    await this.start()
  }

  /** Starts it again with the data of the backup, as if nothing had happened since. */
  async restore(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true })
    await cp(this.#backup, this.data, { recursive: true })
    await this.start()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#dir.remove()
  }

  get data(): string {
    return join(this.#dir.path, 'data')
  }

  get #backup(): string {
    return join(this.#dir.path, 'backup')
  }
}

function open(data: string, port: number, settings: Settings): Promise<Couchette> {
  return createServer({ data, port, settings, admin: ADMIN, logLevel: 'silent' })
}
