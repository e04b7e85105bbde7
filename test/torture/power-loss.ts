import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Place, Server } from './rounds.ts'

const run = promisify(execFile)
const SIZE = '768M'

/**
 * A file system in a file, whose power fails: the process is stopped, the file is copied as it is, without a sync, and the
 * copy is what the next start finds. What was written and not synced is lost with it.
 */
export class FailingDisk implements Place {
  readonly #directory: string
  #copies = 0

  private constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * @param directory where the images are kept and mounted
   * @throws {Error} where this account may not mount file systems
   */
  static async make(directory: string): Promise<FailingDisk> {
    const disk = new FailingDisk(directory)
    await run('truncate', ['-s', SIZE, disk.#image])
    await run('mkfs.ext4', ['-q', '-F', disk.#image])
    await disk.#mount()
    return disk
  }

  get data(): string {
    return join(this.#mountPoint, 'data')
  }

  async crash(server: Server): Promise<void> {
    process.kill(server.pid, 'SIGSTOP')
    const before = { image: this.#image, mountPoint: this.#mountPoint }
    this.#copies++
    await run('cp', ['--sparse=always', before.image, this.#image])
    await server.kill()
    await run('umount', ['-l', before.mountPoint])
    await rm(before.image)
    await this.#mount()
  }

  /** Unmounts it; its image stays. */
  async remove(): Promise<void> {
    await run('umount', ['-l', this.#mountPoint])
  }

  async #mount(): Promise<void> {
    await mkdir(this.#mountPoint, { recursive: true })
    await run('mount', ['-o', 'loop', this.#image, this.#mountPoint])
  }

  get #image(): string {
    return join(this.#directory, `disk-${this.#copies}.img`)
  }

  get #mountPoint(): string {
    return join(this.#directory, `disk-${this.#copies}`)
  }
}
