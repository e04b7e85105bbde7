import type { Backup } from '../../protocol/backup.ts'
import { StartError } from '../config/start-error.ts'
import { UsageError } from './usage-error.ts'

/**
 * Returns the newest backup of a moment or before.
 *
 * @param at RFC 3339; default: the newest of all
 * @throws {UsageError} for what is no time
 * @throws {StartError} where all are newer
 */
export function chosenBackup(backups: readonly Backup[], at: string | undefined): Backup {
  if (at !== undefined && Number.isNaN(Date.parse(at)))
    throw new UsageError(`--at takes a time such as 2026-05-01T12:00:00Z, not "${at}".`)
  const before = at === undefined ? Infinity : Date.parse(at)
  const backup = backups.findLast(({ created }) => Date.parse(created) <= before)
  if (backup === undefined) throw new StartError(`The oldest backup is of ${backups[0]?.created}.`)
  return backup
}
