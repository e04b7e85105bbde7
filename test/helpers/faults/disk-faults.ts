import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { projectFile } from '../../../harness/project.ts'
import { tempDir } from '../temp.ts'

const run = promisify(execFile)

/** Calls that can be made to fail: see `disk-faults.c`. */
export type FaultyCall = 'short' | 'write' | 'sync' | 'open' | 'rename' | 'pwrite' | 'pread'

export const EIO = 5
export const ENOSPC = 28

/** Makes writes of a server fail that is a process of its own, by a library that is loaded into it. */
export class DiskFaults {
  /** Environment that the server has to be started with. */
  readonly env: Readonly<Record<string, string>>
  readonly #control: string
  #serial = 0

  /**
   * Compiles the library into a directory.
   *
   * @returns undefined where there is no C compiler, or no `LD_PRELOAD`
   */
  static async build(directory: string): Promise<DiskFaults | undefined> {
    if (process.platform !== 'linux') return undefined
    const source = projectFile('test/helpers/faults/disk-faults.c')
    const library = join(directory, 'disk-faults.so')
    try {
      await run('cc', ['-shared', '-fPIC', '-O0', '-o', library, source, '-ldl', '-lpthread'])
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    return new DiskFaults(library, join(directory, 'faults'))
  }

  private constructor(library: string, control: string) {
    this.#control = control
    this.env = { LD_PRELOAD: library, COUCHETTE_DISK_FAULTS: control }
  }

  /**
   * From now on calls fail.
   *
   * @param pattern what the path of the file has to contain; to end with, where it ends with `$`
   * @param count how many calls; -1 for all until {@link clear}
   */
  async fail(call: FaultyCall, pattern: string, { count = 1, errno = EIO } = {}): Promise<void> {
    this.#serial += 1
    await this.#write(`${this.#serial} ${call} ${pattern} ${count} ${errno}\n`)
  }

  async clear(): Promise<void> {
    await this.#write('')
  }

  /** At once, so that a call sees one line or the other. */
  async #write(line: string): Promise<void> {
    await writeFile(`${this.#control}.new`, line)
    await rename(`${this.#control}.new`, this.#control)
  }
}

/**
 * Makes a temporary directory whose disk can be made to fail; undefined, with the test passed, where the machine cannot.
 * The directory is removed after the test.
 */
export async function faultyDirectory(
  t: ExecutionContext,
): Promise<{ path: string; faults: DiskFaults } | undefined> {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const faults = await DiskFaults.build(dir.path)
  if (faults !== undefined) return { path: dir.path, faults }
  t.log('skipped: there is no C compiler, or no LD_PRELOAD')
  t.pass()
  return undefined
}
