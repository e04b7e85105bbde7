import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BACKUPS } from '../../protocol/backup.ts'
import type { BackupPlace } from '../../protocol/backup-place.ts'
import { ignoreMissing } from '../storage/missing-file.ts'
import { syncDirectory } from '../storage/sync-directory.ts'

/** Backups in a directory of this machine. */
export class DirectoryPlace implements BackupPlace {
  readonly name: string

  constructor(directory: string) {
    this.name = directory
  }

  async list(): Promise<string[]> {
    return (await readdir(join(this.name, BACKUPS)).catch(ignoreMissing)) ?? []
  }

  /** Reads the file: a disk that loses bytes, or a machine that lost power, leaves files that are damaged or cut. */
  async holds(
    path: string,
    { sha256, size }: { readonly sha256: string; readonly size: number },
  ): Promise<boolean> {
    const file = await stat(this.#fileOf(path)).catch(ignoreMissing)
    if (file?.size !== size) return false
    const hash = createHash('sha256')
    try {
      for await (const bytes of this.read(path)) hash.update(bytes)
    } catch {
      return false
    }
    return hash.digest('hex') === sha256
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.#fileOf(path))
  }

  async write(path: string, text: string): Promise<void> {
    const file = this.#fileOf(path)
    await makeParent(file)
    await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
    await rename(`${file}.new`, file)
    await syncDirectory(dirname(file))
  }

  async spool(): Promise<string> {
    await mkdir(this.name, { recursive: true, mode: 0o700 })
    return this.#fileOf('incoming')
  }

  async keep(path: string): Promise<void> {
    const file = this.#fileOf(path)
    await makeParent(file)
    await rename(this.#fileOf('incoming'), file)
    await syncDirectory(dirname(file))
  }

  async remove(path: string): Promise<void> {
    await rm(this.#fileOf(path), { force: true })
  }

  async close(): Promise<void> {
    await rm(this.#fileOf('incoming'), { force: true })
  }

  #fileOf(path: string): string {
    return join(this.name, ...path.split('/'))
  }
}

/** Makes the directory of a file, whose name is synced too. */
async function makeParent(file: string): Promise<void> {
  const first = await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (const directory of new Set([dirname(first), dirname(dirname(file))])) await syncDirectory(directory)
}
