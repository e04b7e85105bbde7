import assert from 'node:assert/strict'
import { basename, join } from 'node:path'
import { blobFileRange, fileOfBlobFileKey } from '../../server/storage/attachment-keys.ts'
import { readMasterKeys } from '../../server/storage/encryption/master-key.ts'
import { openStore } from '../../server/storage/store.ts'
import { attachmentFiles } from '../helpers/attachment-files.ts'

/** Every file of an attachment is named by the store, and the store names no file that is not there. */
export async function checkLeftovers(data: string, key?: string): Promise<void> {
  const files = await attachmentFiles(data)
  const stored = files.map(file => parseInt(basename(file), 16))
  const store = await openStore(join(data, 'store'), {
    keys: await readMasterKeys({ keyFile: undefined, key }),
  })
  try {
    const named = (await store.keys(blobFileRange).all()).map(fileOfBlobFileKey)
    assert.deepEqual(stored.toSorted(ascending), named.toSorted(ascending), 'files of attachments')
  } finally {
    await store.close()
  }
}

function ascending(a: number, b: number): number {
  return a - b
}
