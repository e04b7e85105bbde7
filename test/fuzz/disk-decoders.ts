import { decodeBlobRecord, encodeBlobRecord } from '../../server/attachments/blob-record.ts'
import { parseBackup } from '../../protocol/backup.ts'
import { asRev } from '../../protocol/revision.ts'
import { decodeChange, encodeChange } from '../../server/cluster/entry/change.ts'
import { decodeEntry, decodeParts, encodeEntry, encodeParts } from '../../server/cluster/entry/entry.ts'
import { decodeConflict } from '../../server/database/conflicts/conflict-index.ts'
import { decodeBodyRecord, encodeBodyRecord } from '../../server/database/documents/body-record.ts'
import { decodeChangeRecord, encodeChangeRecord } from '../../server/database/documents/change-record.ts'
import { DocumentSummary } from '../../server/database/documents/document-record.ts'
import { decodeLeaf, decodeRoot, encodeLeaf, encodeRoot } from '../../server/database/ranks/rank-nodes.ts'
import { decodeState, encodeState } from '../../server/database/state.ts'
import { decodeRowPlaces, RowPlacesWriter, sizeOfRows } from '../../server/query/views/index/document-rows.ts'
import { decodeMark } from '../../server/storage/durable/mark.ts'
import { Encryption } from '../../server/storage/encryption/encryption.ts'
import { newDataKey, unwrapDataKey, wrapDataKey } from '../../server/storage/encryption/envelope.ts'
import { liveFiles } from '../../server/storage/leveldb/manifest.ts'
import { parseMasterKey } from '../../server/storage/encryption/master-key.ts'

/** A decoder of what is read from disk, and bytes that its encoder made. */
export interface DiskDecoder {
  readonly seeds: readonly Uint8Array[]
  readonly decode: (bytes: Buffer) => unknown
  /** True where no error is thrown, whatever the bytes are. */
  readonly takesAnything?: true
}

const REV = asRev('2-967a00dff5e02add41819138abb3284d')
const ATTACHMENT = {
  name: 'a',
  contentType: 'text/plain',
  digest: 'md5-CY9rzUYh03PK3k6DJie09g==',
  length: 4,
  storedLength: 4,
  revpos: 1,
}
const MASTER = parseMasterKey('c0'.repeat(32))!
const encryption = new Encryption(newDataKey())
const ADDRESS = Buffer.from('address')

function rowPlaces(): Buffer {
  const writer = new RowPlacesWriter()
  writer.add(0, Buffer.from('key one'), 0, 7)
  writer.add(1, Buffer.from('key two'), 0, 7)
  return writer.take(30)
}

function change(leaves: number): Buffer {
  return encodeChangeRecord({
    seq: '12-abc',
    id: 'døc"',
    winner: { rev: REV, deleted: leaves > 1, body: 7 },
    leaves: Array.from({ length: leaves }, () => ({ rev: REV })),
  })
}

const ENTRY = encodeEntry({
  logId: 'ab'.repeat(16),
  epoch: 3,
  position: 9,
  acknowledged: 8,
  previous: Buffer.alloc(32, 7),
  role: 'whole',
  payload: encodeParts([Buffer.from('one'), Buffer.from('two')]),
})

const CHANGES = [
  encodeChange({ kind: 'lead', node: 'a', url: 'http://a' }),
  encodeChange({ kind: 'genesis', name: 'c', settings: [{ section: 's', key: 'k', value: 'v' }] }),
]

const BACKUP = {
  format: 1,
  created: '2026-05-01T12:00:00.000Z',
  uuid: 'x',
  files: [{ path: 'store/000001.ldb', size: 5, sha256: 'ab'.repeat(32), mark: 'm' }],
}

/** By the name of what is read. */
export const DISK_DECODERS: Readonly<Record<string, DiskDecoder>> = {
  'a changes row': { seeds: [change(1), change(3)], decode: decodeChangeRecord },
  'a body': {
    seeds: [
      encodeBodyRecord(Buffer.from('{"a":1}'), []),
      encodeBodyRecord(Buffer.from('{"a":1}'), [ATTACHMENT as never]),
    ],
    decode: decodeBodyRecord,
  },
  'the head of a document': {
    seeds: [Buffer.concat([Buffer.alloc(19, 1), Buffer.from([0, 0, 0, 34]), Buffer.from(REV)])],
    decode: bytes => new DocumentSummary(bytes),
  },
  'an attachment’s place': {
    seeds: [
      encodeBlobRecord({ kind: 'inline', bytes: Buffer.from('x') }),
      encodeBlobRecord({ kind: 'file', file: 5, length: 70_000, salt: undefined }),
    ],
    decode: decodeBlobRecord,
  },
  'a conflict': {
    seeds: [Buffer.concat([Buffer.alloc(6, 1), Buffer.from(`"winner":"${REV}","conflicts":["1-a"]`)])],
    decode: decodeConflict,
  },
  'the root of ranks': {
    seeds: [
      encodeRoot({
        seq: 5,
        next: 2,
        last: 'z',
        keepsDigests: false,
        digest: undefined,
        leaves: [{ start: '', keys: 3, counted: 2, number: 1, blocks: 1, digest: undefined }],
      }),
    ],
    decode: decodeRoot,
  },
  'a leaf of ranks': {
    seeds: [encodeLeaf([{ start: '', keys: 3, counted: 2, digest: undefined }])],
    decode: decodeLeaf,
  },
  'the state of a database': { seeds: [encodeState(decodeState(undefined))], decode: decodeState },
  'the rows of a document in a view': {
    seeds: [rowPlaces()],
    decode: bytes => [decodeRowPlaces(bytes), sizeOfRows(bytes)],
  },
  'an entry of a cluster’s log': {
    seeds: [ENTRY],
    decode: bytes => decodeParts(decodeEntry(bytes).payload),
  },
  'a change of a cluster’s log': { seeds: CHANGES, decode: decodeChange },
  'the mark of a store': { seeds: [Buffer.alloc(8, 1)], decode: decodeMark },
  'an encrypted value': {
    seeds: [encryption.seal(ADDRESS, Buffer.from('value'))],
    decode: bytes => encryption.open(ADDRESS, bytes),
  },
  'the envelope of a key': {
    seeds: [wrapDataKey(newDataKey(), MASTER)],
    decode: bytes => unwrapDataKey(bytes, MASTER),
    takesAnything: true,
  },
  'a manifest of LevelDB': {
    // A record of a log with a comparator, a log's number and a table.
    seeds: [Buffer.from('00000000040001020304050607', 'hex'), Buffer.alloc(7)],
    decode: liveFiles,
  },
  'the description of a backup': {
    seeds: [JSON.stringify(BACKUP), 'null', '[]', '{"format":1,"created":"x","files":[null]}'].map(text =>
      Buffer.from(text),
    ),
    decode: bytes => parseBackup(bytes.toString()),
    takesAnything: true,
  },
}
