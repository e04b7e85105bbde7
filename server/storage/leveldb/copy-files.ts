import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linkOrCopy } from '../link-or-copy.ts'
import { isMissingFile } from '../missing-file.ts'
import { liveFiles } from './manifest.ts'

const ATTEMPTS = 100
const TABLE = /^\d+\.(?:ldb|sst)$/
const LOG = /^\d+\.log$/

/**
 * Copies the files of an open LevelDB to which nothing is written. Tables never change: they get a second name where the
 * file system can do that. LevelDB may merge tables in the background meanwhile, and removes those that it merged: when one
 * of the files that its manifest named is gone, the copy is made again.
 *
 * @param to a directory that is not there yet
 * @throws {Error} where LevelDB does not come to rest
 */
export async function copyLevelFiles(from: string, to: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await mkdir(to, { recursive: true, mode: 0o700 })
    if (await tryCopy(from, to)) return
    await rm(to, { recursive: true, force: true })
  }
  throw new Error(`the tables in ${from} are merged all the time`)
}

/**
 * Copies the manifest as it is, and what it names. That is the whole store, whatever LevelDB has appended to the manifest
 * since: a merge changes tables and not what they hold, and memory that goes to a table is still in its log.
 *
 * @returns whether all that the manifest names is there
 */
async function tryCopy(from: string, to: string): Promise<boolean> {
  const { name, manifest } = await readManifestFile(from)
  await writeFile(join(to, name), manifest, { mode: 0o600 })
  await writeFile(join(to, 'CURRENT'), `${name}\n`, { mode: 0o600 })
  const { tables, first, previous } = liveFiles(manifest)
  const copied = new Set<number>()
  try {
    for (const file of await readdir(from)) {
      const number = parseInt(file, 10)
      if (TABLE.test(file) && tables.has(number)) await linkOrCopy(join(from, file), join(to, file))
      else if (LOG.test(file) && (number >= first || number === previous))
        await copyFile(join(from, file), join(to, file))
      else continue
      copied.add(number)
    }
  } catch (error) {
    if (isMissingFile(error)) return false
    throw error
  }
  const needed = [...tables.keys(), ...(first > 0 ? [first] : []), ...(previous > 0 ? [previous] : [])]
  return needed.every(number => copied.has(number))
}

async function readManifestFile(directory: string): Promise<{ name: string; manifest: Uint8Array }> {
  const name = (await readFile(join(directory, 'CURRENT'), 'latin1')).trim()
  return { name, manifest: await readFile(join(directory, name)) }
}
