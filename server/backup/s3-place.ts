import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BACKUPS } from '../../protocol/backup.ts'
import type { BackupPlace } from '../../protocol/backup-place.ts'
import { S3Bucket } from './s3-bucket.ts'
import type { S3Settings } from './s3-signature.ts'

/** Backups in a bucket of S3, or of a server that speaks its protocol. */
export class S3Place implements BackupPlace {
  readonly name: string
  readonly #bucket: S3Bucket
  /** Begins the keys of all objects: "" or "prefix/". */
  readonly #prefix: string
  #spool: Promise<string> | undefined

  constructor(name: string, prefix: string, settings: S3Settings) {
    this.name = name
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.#bucket = new S3Bucket(settings)
  }

  async list(): Promise<string[]> {
    const keys = await this.#bucket.list(`${this.#prefix}${BACKUPS}/`)
    return keys.map(key => key.slice(key.lastIndexOf('/') + 1))
  }

  /** A bucket keeps digests of its own; here sizes are compared. */
  async holds(path: string, { size }: { readonly size: number }): Promise<boolean> {
    return (await this.#bucket.sizeOf(this.#prefix + path)) === size
  }

  read(path: string): AsyncIterable<Uint8Array> {
    return this.#bucket.get(this.#prefix + path)
  }

  async write(path: string, text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await this.#bucket.put(this.#prefix + path, { sha256, size: bytes.length, open: () => bytes })
  }

  async spool(): Promise<string> {
    this.#spool ??= mkdtemp(join(tmpdir(), 'couchette-backup-'))
    return join(await this.#spool, 'incoming')
  }

  async keep(path: string, content: { readonly sha256: string; readonly size: number }): Promise<void> {
    const file = await this.spool()
    await this.#bucket.put(this.#prefix + path, { ...content, open: () => createReadStream(file) })
    await rm(file)
  }

  remove(path: string): Promise<void> {
    return this.#bucket.delete(this.#prefix + path)
  }

  async close(): Promise<void> {
    if (this.#spool !== undefined) await rm(await this.#spool, { recursive: true, force: true })
  }
}
