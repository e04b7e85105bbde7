import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileError, StartError } from './start-error.ts'
import { editIni, type IniValues, parseIni, scanIni, type ScannedIni } from './ini.ts'

/** The file that the server itself writes; it is read last, so that what was set through `_config` holds. */
const OWN_FILE = 'couchette.ini'

export interface IniFile {
  readonly path: string
  readonly values: IniValues
  readonly scanned: ScannedIni
}

/**
 * Reads `local.ini`, then `local.d/*.ini` by name, then `couchette.ini` of a directory; later files win. Files that are
 * not there are passed over.
 */
export async function readIniFiles(directory: string): Promise<IniFile[]> {
  const paths = [join(directory, 'local.ini'), ...(await fragments(directory)), ownFile(directory)]
  const files = await Promise.all(paths.map(async path => ({ path, text: await readText(path) })))
  return files.map(({ path, text }) => ({ path, values: parseIni(text), scanned: scanIni(text) }))
}

export function ownFile(directory: string): string {
  return join(directory, OWN_FILE)
}

/** A file that holds what was written, and whose name the disk did not confirm: a loss of power may bring the old one back. */
export class UnconfirmedWriteError extends StartError {}

/** Returns an error that tells of a file that was written and not confirmed. @throws every other error */
export function ifUnconfirmed(error: unknown): UnconfirmedWriteError {
  if (error instanceof UnconfirmedWriteError) return error
  throw error
}

/**
 * Sets a value in an ini file, or takes it out (`undefined`); on return the file is on disk, whole. A file that holds the
 * value is written again all the same, as the write before may not have been confirmed.
 *
 * @throws {UnconfirmedWriteError} where the file holds the value, and may lose it; it is unchanged after every other error
 */
export async function writeIniValue(
  path: string,
  section: string,
  key: string,
  value: string | undefined,
): Promise<void> {
  const before = await readText(path)
  await replaceFile(path, editIni(before, section, key, value))
}

async function fragments(directory: string): Promise<string[]> {
  const folder = join(directory, 'local.d')
  const names = await readdir(folder).catch(ifMissing<string[]>([]))
  return names
    .filter(name => name.endsWith('.ini'))
    .sort()
    .map(name => join(folder, name))
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8')
    .catch(ifMissing(''))
    .catch((error: unknown) => {
      throw fileError(error, 'The configuration', path)
    })
}

/** Written beside and renamed, both synced: after a crash the file is the old one or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncFolder(folder).catch((cause: unknown) => {
    throw new UnconfirmedWriteError(
      `The disk did not confirm that ${path} was written: a loss of power may bring its old content back.`,
      { cause },
    )
  })
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function ifMissing<T>(instead: T): (error: unknown) => T {
  return error => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead
    throw error
  }
}
