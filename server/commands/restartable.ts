import { type Couchette, type CouchetteOptions, createServer } from '../main.ts'

/** A server that `POST /_node/_local/_restart` closes and opens again: on the same port, with its files read again. */
export class RestartableServer {
  readonly #options: CouchetteOptions
  readonly #onFailure: (error: unknown) => void
  #current: Promise<Couchette>
  #closed = false

  /** @param onFailure told when the server could not be opened again */
  constructor(options: CouchetteOptions, onFailure: (error: unknown) => void) {
    this.#options = options
    this.#onFailure = onFailure
    this.#current = this.#open(options)
  }

  /** The server as it is now, or will be when it is open again. */
  get current(): Promise<Couchette> {
    return this.#current
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await (await this.#current).close()
  }

  #open(options: CouchetteOptions): Promise<Couchette> {
    return createServer({ ...options, onRestart: () => this.#restart() })
  }

  #restart(): void {
    if (this.#closed) return
    const before = this.#current
    this.#current = (async () => {
      const server = await before
      await server.close()
      return this.#open({ ...withoutAdmin(this.#options), port: server.port })
    })()
    this.#current.catch(this.#onFailure)
  }
}

/** The options of a restart: a password that was changed since the process started stays as it is. */
function withoutAdmin({ admin: _admin, env = {}, ...options }: CouchetteOptions): CouchetteOptions {
  return { ...options, env: { ...env, COUCHDB_USER: undefined, COUCHDB_PASSWORD: undefined } }
}
