import { fileErrorReason } from '../../protocol/file-errors.ts'
import { DamagedValueError } from './encryption/damaged.ts'

/** A store that cannot be opened, with a sentence that says what to do. */
export class StoreUnavailableError extends Error {}

/** Ends of LevelDB's messages that blame the machine and not a file. */
const NOT_OF_FILES =
  /(No space left on device|Disk quota exceeded|Permission denied|Operation not permitted|Read-only file system|Too many open files|Cannot allocate memory)$/

/** Advice where LevelDB lacks a file that it needs as a whole: without it nothing says which records are the newest. */
const RESTORE =
  'Restore a backup (couchette restore), or begin with an empty directory and replicate from another server; ' +
  '[couchette] on_damage = report does not start without it.'

/** Advice where a record is damaged that a start reads. */
const MEND =
  'couchette check names all that is damaged, couchette restore-damaged fetches documents from a backup or another server; ' +
  'what neither mends needs a backup (couchette restore).'

/** Returns whether an error of LevelDB says that a table is not what it wrote, or cannot be read. */
export function isUnreadableTable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'LEVEL_CORRUPTION') return true
  return /^(Corruption|IO error): /.test(error.message) && !NOT_OF_FILES.test(error.message)
}

/** Returns an error for a store that cannot be opened. */
export function unavailable(directory: string, error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
    return new StoreUnavailableError(
      `The data in ${directory} is in use by another process: stop it, or choose another directory with --data.`,
    )
  }
  const said = cause instanceof Error ? cause.message : String(cause)
  if (isUnreadableTable(cause))
    return new StoreUnavailableError(`The data in ${directory} is damaged: ${said}. ${RESTORE}`)
  return new StoreUnavailableError(
    `The data in ${directory} cannot be opened: ${fileErrorReason(cause) ?? said}.`,
  )
}

/** Returns the error of a store one of whose files is not what LevelDB wrote. */
export function damagedFile(directory: string, what: string): StoreUnavailableError {
  return new StoreUnavailableError(`The data in ${directory} is damaged: ${what}. ${RESTORE}`)
}

/** Returns an error with a sentence for damage that a start came upon after its store was opened; every other one as it is. */
export function atStart(directory: string, error: unknown): unknown {
  if (error instanceof DamagedValueError) {
    return new StoreUnavailableError(`The data in ${directory} is damaged. ${error.message} ${MEND}`)
  }
  return isUnreadableTable(error) ? unavailable(directory, error) : error
}
