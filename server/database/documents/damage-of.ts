import { type CouchError, fail } from '../../../protocol/errors.ts'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'

/**
 * Returns the error of an answer's row for a document that is damaged on disk, so that others of the answer stay readable;
 * undefined for every other failure.
 */
export function damageOf(error: unknown): CouchError | undefined {
  return error instanceof DamagedValueError ? fail('damagedRecord', error.message) : undefined
}
