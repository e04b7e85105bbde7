import { execFile } from 'node:child_process'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tempDir } from '../temp.ts'

const run = promisify(execFile)

export type FileSystem = 'tmpfs' | 'ext4'

/** A small file system of its own, which can be filled up. */
export class SmallDisk {
  readonly path: string
  readonly #ballast: string
  readonly #release: () => Promise<void>

  /**
   * Mounts an empty file system.
   *
   * @returns undefined where this machine or account cannot mount one
   */
  static async mount(kind: FileSystem, megabytes: number): Promise<SmallDisk | undefined> {
    const dir = await tempDir()
    const image = `${dir.path}.image`
    const cleanUp = async () => {
      await dir.remove()
      await rm(image, { force: true })
    }
    try {
      if (kind === 'tmpfs') await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir.path])
      else {
        await writeFile(image, '')
        await truncate(image, megabytes * 1024 * 1024)
        await run('mkfs.ext4', ['-q', '-F', '-m', '0', image])
        await run('mount', ['-o', 'loop', image, dir.path])
      }
    } catch {
      await cleanUp()
      return undefined
    }
    return new SmallDisk(dir.path, async () => {
      await run('umount', [dir.path])
      await cleanUp()
    })
  }

  private constructor(path: string, release: () => Promise<void>) {
    this.path = path
    this.#ballast = join(path, 'ballast')
    this.#release = release
  }

  /** Takes all room but some kilobytes. */
  async fill(leaveKilobytes = 0): Promise<void> {
    await run('sh', ['-c', `cat /dev/zero > "$1" 2>/dev/null; true`, 'sh', this.#ballast])
    const { stdout } = await run('stat', ['-c', '%s', this.#ballast])
    await truncate(this.#ballast, Math.max(0, Number(stdout) - leaveKilobytes * 1024))
  }

  /** Gives the room back. */
  async free(): Promise<void> {
    await rm(this.#ballast, { force: true })
  }

  async release(): Promise<void> {
    await this.#release()
  }
}
