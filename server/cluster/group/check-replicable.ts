import { fail } from '../../../protocol/errors.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import { isBlobFileKey } from '../../storage/attachment-keys.ts'
import { forEachWrite } from '../../storage/write-set.ts'

/** @throws `storeStopped` for a commit with an attachment that lies in a file, which entries cannot carry */
export function checkReplicable(change: ReplicatedChange): void {
  if (change.kind !== 'commit') return
  forEachWrite(change.content, key => {
    if (isBlobFileKey(key))
      throw fail('storeStopped', 'Attachments of more than 32 KiB cannot be stored in a cluster.')
  })
}
