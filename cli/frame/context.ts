import { resolveConnection, resolveDatabase } from './connection.ts'
import type { ConnectionOptions, DatabaseAddress } from './connection.ts'
import { hasColours, write } from './io.ts'
import type { Io } from './io.ts'
import { Progress } from './progress.ts'
import { Server } from './server.ts'
import { table } from './table.ts'
import type { Column } from './table.ts'

/** Options that every command has. */
export interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean
}

/** A database of an opened server. */
export interface OpenDatabase {
  readonly server: Server
  readonly name: string
  /** Its path below the server, escaped, without slashes around it. */
  readonly path: string
  readonly address: DatabaseAddress
}

/** Everything a command works with: its options, its server, its output. Closed when the command ends. */
export class Context {
  readonly io: Io
  readonly signal: AbortSignal
  /** True if standard output is to be JSON. */
  readonly json: boolean
  readonly progress: Progress
  readonly #options: CommonOptions
  readonly #servers: Server[] = []

  constructor(io: Io, options: CommonOptions) {
    this.io = io
    this.signal = io.signal
    this.json = options.json === true
    this.progress = new Progress(io, { silent: this.json })
    this.#options = options
  }

  /** Opens the server that `--url`, `--profile`, the environment or the profiles name. */
  async server(): Promise<Server> {
    return this.#opened(new Server(await resolveConnection(this.#options, this.io.env), this.signal))
  }

  /** Opens another server, named by a URL or `@PROFILE`. */
  async serverAt(text: string): Promise<Server> {
    const { ca, insecure } = this.#options
    const tls = { ...(ca === undefined ? {} : { ca }), ...(insecure === undefined ? {} : { insecure }) }
    const named = text.startsWith('@') ? { profile: text.slice(1) } : { url: text }
    return this.#opened(new Server(await resolveConnection({ ...named, ...tls }, this.io.env), this.signal))
  }

  /** Returns the database that an argument names: a URL, `@PROFILE/NAME`, or a name at this command's server. */
  address(text: string): Promise<DatabaseAddress> {
    return resolveDatabase(text, this.#options, this.io.env)
  }

  async database(text: string): Promise<OpenDatabase> {
    const address = await this.address(text)
    const server = this.#opened(new Server(address.connection, this.signal))
    return { server, name: address.database, path: encodeURIComponent(address.database), address }
  }

  /** Prints a line to standard output. */
  async line(text = ''): Promise<void> {
    await write(this.io.stdout, `${text}\n`, this.signal)
  }

  /** Prints the value with `--json`, else what `render` makes of it. */
  async print<T>(value: T, render: (value: T) => string | Promise<string>): Promise<void> {
    const text = this.json ? `${JSON.stringify(value, undefined, 2)}\n` : await render(value)
    await write(this.io.stdout, text === '' || text.endsWith('\n') ? text : `${text}\n`, this.signal)
  }

  /** Lays out a table for standard output: as wide as the terminal, as wide as it needs in a pipe. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
    const { isTTY, columns: width } = this.io.stdout
    return table(columns, rows, isTTY === true ? width : undefined)
  }

  get colours(): boolean {
    return hasColours(this.io.stdout, this.io.env)
  }

  async close(): Promise<void> {
    this.progress.end()
    await Promise.all(this.#servers.map(server => server.close()))
  }

  #opened(server: Server): Server {
    this.#servers.push(server)
    return server
  }
}
