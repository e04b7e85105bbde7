import { type Stats, statSync } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './sync-directory.ts'
import { StoreUnavailableError } from './unavailable.ts'

const OTHERS = 0o077
const OTHERS_BUT_READING_GROUP = 0o037

/**
 * Refuses a file with a secret that other accounts may read, by PostgreSQL's rule: mode 0600 or less, or 0640 or less where
 * root owns it and the server does not run as root.
 *
 * @param what how the refusal names the file: "The encryption key"
 * @throws {StoreUnavailableError}
 */
export async function checkPrivate(path: string, what: string): Promise<void> {
  checkMode(await stat(path), path, what)
}

/** Does as {@link checkPrivate}, without giving others a turn. */
export function checkPrivateSync(path: string, what: string): void {
  checkMode(statSync(path), path, what)
}

/** Writes a file for its owner alone, whole and durably: after a crash or on a full disk it is the old one or the new one. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncDirectory(dirname(path))
}

function checkMode({ mode, uid }: Stats, path: string, what: string): void {
  if (process.getuid === undefined) return
  const forbidden = uid === 0 && process.getuid() !== 0 ? OTHERS_BUT_READING_GROUP : OTHERS
  if ((mode & forbidden) === 0) return
  throw new StoreUnavailableError(
    `${what} in ${path} can be read by other accounts (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`,
  )
}
