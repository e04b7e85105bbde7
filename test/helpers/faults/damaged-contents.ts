import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { KeySpace, spaceOfKey } from '../../../server/storage/keys.ts'

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const
const CONTENT = 0x20

/**
 * Flips a bit in each stored body and each attachment that has a text, in a data directory that no server uses.
 *
 * @returns the number of records and files
 */
export async function damageContents(data: string, text: string): Promise<number> {
  return (
    (await damageRecords(join(data, 'store'), text)) + (await damageFiles(join(data, 'attachments'), text))
  )
}

async function damageRecords(directory: string, text: string): Promise<number> {
  const level = new Level<Uint8Array, Uint8Array>(directory, ENCODINGS)
  let damaged = 0
  try {
    for (const [key, value] of await level.iterator().all()) {
      const isContent = spaceOfKey(key) === KeySpace.body || key[0] === CONTENT
      const at = isContent ? Buffer.from(value).indexOf(text) : -1
      if (at < 0) continue
      await level.put(key, flipped(value, at))
      damaged++
    }
  } finally {
    await level.close()
  }
  return damaged
}

async function damageFiles(directory: string, text: string): Promise<number> {
  let damaged = 0
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const file of files.filter(entry => entry.isFile())) {
    const path = join(file.parentPath, file.name)
    const bytes = await readFile(path)
    const at = bytes.indexOf(text)
    if (at < 0) continue
    await writeFile(path, flipped(bytes, at))
    damaged++
  }
  return damaged
}

function flipped(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = copy[at]! ^ 1
  return copy
}
