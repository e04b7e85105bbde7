import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { chmod, chown, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TempDir } from '../../helpers/temp.ts'

const execute = promisify(execFile)

/** Databases refuse to run as root: they run as an account without rights. */
const NOBODY = 65534
const ACCOUNT = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

const RESTART_MS = 500

/** A broker, a database or a connector in a process of its own on loopback, with its data in a directory of its own. */
export abstract class Broker {
  protected readonly dir: TempDir
  #process: ChildProcess | undefined

  protected constructor(dir: TempDir) {
    this.dir = dir
  }

  protected abstract readonly port: number

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Gives the directory to the account without rights, if this one is root's. */
  protected async giveAway(): Promise<void> {
    const { uid, gid } = ACCOUNT
    if (uid !== undefined && gid !== undefined) await chown(this.dir.path, uid, gid)
    await chmod(this.dir.path, 0o700)
  }

  /** Runs a program to its end. @returns what it printed */
  protected async run(program: string, args: readonly string[]): Promise<string> {
    const { stdout } = await execute(program, args, {
      ...ACCOUNT,
      cwd: this.dir.path,
      maxBuffer: 256 * 2 ** 20,
    })
    return stdout
  }

  /**
   * Starts a program.
   *
   * @param options.isKept starts it again when it ends by itself, as a service manager does
   */
  protected spawn(
    program: string,
    args: readonly string[],
    options: { readonly asAccount?: boolean; readonly isKept?: boolean } = {},
  ): void {
    const { asAccount = false, isKept = false } = options
    const log = openSync(join(this.dir.path, 'output.txt'), 'a')
    const account = asAccount ? ACCOUNT : {}
    const running = spawn(program, args, {
      ...account,
      cwd: this.dir.path,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#process = running
    if (!isKept) return
    const again = (): void => {
      if (this.#process === running) this.spawn(program, args, options)
    }
    running.once('exit', () => setTimeout(again, RESTART_MS).unref())
  }

  /** Returns the end of what the process printed, for the messages of tests that fail. */
  async output(): Promise<string> {
    const text = await readFile(join(this.dir.path, 'output.txt'), 'utf8').catch(() => '')
    return text.slice(-4000)
  }

  /** Ends it at once, as a crash does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill(signal)
    await ended
  }

  async close(): Promise<void> {
    await this.kill()
    await this.dir.remove()
  }
}
