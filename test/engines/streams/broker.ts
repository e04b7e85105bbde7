import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TempDir } from '../../helpers/temp.ts'

/** A broker in a process of its own on loopback, with its data in a directory of its own. */
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

  protected get pid(): number | undefined {
    return this.#process?.pid
  }

  protected spawn(program: string, args: readonly string[]): void {
    this.#process = spawn(program, args, { stdio: 'ignore' })
  }

  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }

  async close(): Promise<void> {
    await this.kill()
    await this.dir.remove()
  }
}
