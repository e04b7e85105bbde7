import { CouchError, fail } from '../../../protocol/errors.ts'
import type { Rev } from '../../../protocol/revision.ts'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'

/**
 * Returns the error of an answer's row for a document that is damaged on disk, so that others of the answer stay readable;
 * undefined for every other failure.
 */
export function damageOf(error: unknown): CouchError | undefined {
  return error instanceof DamagedValueError ? fail('damagedRecord', error.message) : undefined
}

/** Returns whether a revision was purged or compacted away after it had been found, while others of an answer were sent. */
export function isGone(error: unknown): boolean {
  return error instanceof CouchError && error.status === 404
}

/** Reads a revision; returns undefined where it is not stored any more. */
export function ifStored<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** A row of `open_revs` for a revision that cannot be sent. */
export type RowInstead =
  { readonly missing: Rev } | { readonly error: string; readonly reason: string; readonly rev: Rev }

/** Reads a revision for a row of several; one that is gone meanwhile, or damaged, is named instead. */
export function readOrSay<Value>(
  rev: Rev,
  read: () => Value,
): { readonly value: Value } | { readonly instead: RowInstead } {
  try {
    return { value: read() }
  } catch (error) {
    if (isGone(error)) return { instead: { missing: rev } }
    const damage = damageOf(error)
    if (damage === undefined) throw error
    return { instead: { error: damage.error, reason: damage.reason, rev } }
  }
}
