import { stat } from 'node:fs/promises'
import { hadDatabases } from '../storage/had-databases.ts'
import { ignoreMissing } from '../storage/missing-file.ts'
import type { Store } from '../storage/store.ts'
import { listFiles, pathOfFile } from './files.ts'
import { namedFile } from './references.ts'

/**
 * Looks, before anything is written, whether the files of attachments belong to the store: the first and the last that it
 * names are there, and a store that never had a database has none.
 *
 * @returns what is wrong, as a phrase; undefined where nothing is
 */
export async function strangeFiles(store: Store, directory: string): Promise<string | undefined> {
  for (const which of ['first', 'last'] as const) {
    const number = await namedFile(store, which)
    if (number === undefined) continue
    const path = pathOfFile(directory, number)
    if ((await sizeOf(path)) === undefined) return `the store names the file ${path}, which is not there`
  }
  if (await hadDatabases(store)) return undefined
  const found = await firstWithContent(directory)
  return found && `the store is new, and ${found} is of another one`
}

async function firstWithContent(directory: string): Promise<string | undefined> {
  for await (const numbers of listFiles(directory)) {
    for (const number of numbers) {
      const path = pathOfFile(directory, number)
      if (((await sizeOf(path)) ?? 0) > 0) return path
    }
  }
  return undefined
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(ignoreMissing))?.size
}
