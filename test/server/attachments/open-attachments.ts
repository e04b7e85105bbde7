import type { ExecutionContext } from 'ava'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Attachments } from '../../../server/attachments/attachments.ts'
import { compressibleTypes } from '../../../server/attachments/compressible.ts'
import type { IncomingAttachment, ReceivedAttachment } from '../../../server/attachments/upload.ts'
import { bodyReference } from '../../../server/storage/attachment-keys.ts'
import { DatabaseKeys, KeySpace } from '../../../server/storage/keys.ts'
import { openMemoryStore, openStore, type Store } from '../../../server/storage/store.ts'
import { tempDir } from '../../helpers/temp.ts'

export const DATABASE = 1

export const LARGE = Buffer.alloc(300_000, 'large ')

export const NOTHING = new Uint8Array(0)

const isCompressible = compressibleTypes(['text/*', 'application/json'])

interface Opened {
  store: Store
  attachments: Attachments
  files: () => Promise<string[]>
  reopen: () => Promise<Attachments>
}

export async function openAttachments(
  t: ExecutionContext,
  options: { maxSize?: number; memory?: boolean } = {},
): Promise<Opened> {
  const temp = await tempDir()
  const directory = temp.path
  const store = options.memory === true ? await openMemoryStore() : await openStore(join(directory, 'store'))
  const open = (): Promise<Attachments> =>
    Attachments.open({
      store,
      directory: options.memory === true ? undefined : join(directory, 'attachments'),
      compressionLevel: type => (isCompressible(type) ? 8 : undefined),
      maxSize: () => options.maxSize ?? Infinity,
    })
  let attachments = await open()
  t.teardown(async () => {
    await attachments.close()
    await store.close()
    await temp.remove()
  })
  const files = async (): Promise<string[]> => {
    const entries = await readdir(join(directory, 'attachments'), { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  }
  const reopen = async (): Promise<Attachments> => {
    await attachments.close()
    return (attachments = await open())
  }
  return { store, attachments, files, reopen }
}

export function binary(name = 'a'): IncomingAttachment {
  return { name, contentType: 'application/octet-stream', encoding: 'identity' }
}

export function text(name = 't'): IncomingAttachment {
  return { name, contentType: 'text/plain; charset=utf-8', encoding: 'identity' }
}

/** As the commit of a revision does. */
export async function commit(
  { store, attachments }: Pick<Opened, 'store' | 'attachments'>,
  { metadata }: ReceivedAttachment,
  body = 1,
  database = DATABASE,
): Promise<void> {
  const batch = store.batch()
  const address = Buffer.from(metadata.content, 'base64url')
  batch.put(new DatabaseKeys(database).bytes(KeySpace.attachment, bodyReference(address, body)), NOTHING)
  for (const [key, value] of attachments.referenceTo(metadata.content, database)) batch.put(key, value)
  await batch.write({ sync: true })
}

export async function contentOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

export function* pieces(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
