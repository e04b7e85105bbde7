import type { Attachments } from '../../attachments/attachments.ts'
import { addressFromBytes } from '../../attachments/content-address.ts'
import { hasReference } from '../../attachments/references.ts'
import {
  blobCheckKey,
  blobCheckRange,
  blobReferenceKey,
  NO_DATABASE,
  partsOfBlobCheckKey,
} from '../../storage/attachment-keys.ts'
import type { Commit } from './commit.ts'
import type { CommitContext } from './commit-context.ts'

const NOTHING = new Uint8Array(0)

/**
 * Takes the database's reference to content away where no body is left that refers to it. Runs in the writer, after the
 * bodies were removed; what an overlapping commit refers to is in use or still referred to on disk.
 *
 * @returns the content that may be without any reference now
 */
export async function releaseAttachments(
  commit: Commit,
  { store, database }: CommitContext,
  attachments: Attachments,
): Promise<readonly string[]> {
  const released: string[] = []
  for (const key of await store.keys(blobCheckRange(database)).all()) {
    const { address } = partsOfBlobCheckKey(key)
    const content = addressFromBytes(address)
    if (attachments.isInUse(content)) continue
    commit.local.delete(key)
    if (await hasReference(store, database, address)) continue
    commit.local.delete(blobReferenceKey(address, database))
    commit.local.put(blobCheckKey(NO_DATABASE, address), NOTHING)
    released.push(content)
  }
  return released
}
