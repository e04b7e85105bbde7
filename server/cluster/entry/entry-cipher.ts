import { hkdfSync } from 'node:crypto'
import { DamagedValueError } from '../../storage/encryption/damaged.ts'
import { Encryption } from '../../storage/encryption/encryption.ts'
import type { MasterKeys } from '../../storage/encryption/master-key.ts'
import { type EntryCipher, EntryError } from './entry.ts'

const KEY_BYTES = 32
const PURPOSE = 'couchette cluster log'

/**
 * Makes the cipher of a cluster whose nodes have one master key: entries are encrypted under a key that is derived from it
 * (HKDF), by the same means as stored values, so that nonces never repeat. An entry is bound to its place in the log. What was
 * written under the previous master key is read until it is trimmed.
 */
export function entryCipher({ current, previous }: MasterKeys): EntryCipher {
  const [writer, ...others] = [current, previous]
    .filter(key => key !== undefined)
    .map(key => new Encryption(Buffer.from(hkdfSync('sha256', key, '', PURPOSE, KEY_BYTES))))
  const empty = new Uint8Array(0)
  return {
    overhead: writer!.seal(empty, empty).length,
    seal: (header, payload) => writer!.seal(header, payload),
    open: (header, sealed) => {
      for (const encryption of [writer!, ...others]) {
        try {
          return encryption.open(header, sealed)
        } catch (error) {
          if (!(error instanceof DamagedValueError)) throw error
        }
      }
      throw new EntryError('the log is encrypted under another master key than this node has, or was changed')
    },
  }
}
