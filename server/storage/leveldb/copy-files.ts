import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linkOrCopy } from '../link-or-copy.ts'
import { isMissingFile } from '../missing-file.ts'
import { liveFiles } from './manifest.ts'

const ATTEMPTS = 100
const TABLE = /^\d+\.(?:ldb|sst)$/
const LOG = /^\d+\.log$/

/**
 * Copies the files of an open LevelDB to which nothing is written. Tables never change: they get a second name where the
 * file system can do that. LevelDB may merge tables in the background meanwhile, which shows in its manifest: then the copy
 * is made anew.
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

/** @returns whether the copy is of one moment */
async function tryCopy(from: string, to: string): Promise<boolean> {
  const { name, size } = await manifestState(from)
  const manifest = (await readFile(join(from, name))).subarray(0, size)
  await writeFile(join(to, name), manifest, { mode: 0o600 })
  await writeFile(join(to, 'CURRENT'), `${name}\n`, { mode: 0o600 })
  const live = liveFiles(manifest)
  try {
    for (const file of await readdir(from)) {
      const number = parseInt(file, 10)
      if (TABLE.test(file) && live.tables.has(number)) await linkOrCopy(join(from, file), join(to, file))
      if (LOG.test(file) && (number >= live.first || number === live.previous))
        await copyFile(join(from, file), join(to, file))
    }
  } catch (error) {
    if (isMissingFile(error)) return false
    throw error
  }
  const after = await manifestState(from)
  return after.name === name && after.size === size
}

async function manifestState(directory: string): Promise<{ name: string; size: number }> {
  const name = (await readFile(join(directory, 'CURRENT'), 'latin1')).trim()
  const { size } = await stat(join(directory, name))
  return { name, size }
}
