import { createReadStream } from 'node:fs'
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BACKUPS } from '../../protocol/backup.ts'
import type { BackupPlace } from '../../protocol/backup-place.ts'
import { ignoreMissing } from '../storage/missing-file.ts'

/** Backups in a directory of this machine. */
export class DirectoryPlace implements BackupPlace {
  readonly name: string

  constructor(directory: string) {
    this.name = directory
  }

  async list(): Promise<string[]> {
    return (await readdir(join(this.name, BACKUPS)).catch(ignoreMissing)) ?? []
  }

  has(path: string): Promise<boolean> {
    return access(this.#fileOf(path)).then(
      () => true,
      () => false,
    )
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.#fileOf(path))
  }

  async write(path: string, text: string): Promise<void> {
    const file = this.#fileOf(path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, text, { mode: 0o600, flush: true })
    await rename(`${file}.new`, file)
  }

  async spool(): Promise<string> {
    await mkdir(this.name, { recursive: true, mode: 0o700 })
    return this.#fileOf('incoming')
  }

  async keep(path: string): Promise<void> {
    const file = this.#fileOf(path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await rename(this.#fileOf('incoming'), file)
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
