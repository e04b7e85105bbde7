import { readLogPlace } from '../../database/replicated-records.ts'
import { LogTrimmedError } from '../log/contract.ts'
import type { GroupParts } from './group-parts.ts'
import { readHead } from './log-head.ts'
import { decodePlace, type Place, placeAtHead } from './place.ts'

/** Returns where a store stands in the log; behind the log's first entry where it is empty. */
export async function openingPlace({ store, log, cipher }: GroupParts): Promise<Place> {
  const stored = await readLogPlace(store)
  if (stored !== undefined) return decodePlace(stored)
  const head = await readHead(log, cipher)
  if (head.change.kind !== 'genesis') throw new LogTrimmedError('the log begins with a checkpoint')
  return placeAtHead(head)
}
