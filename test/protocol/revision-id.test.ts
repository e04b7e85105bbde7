import { readFileSync } from 'node:fs'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { parseDocument } from '../../protocol/document/parse.ts'
import { newRevId } from '../../protocol/revision-id.ts'
import type { HashedAttachment } from '../../protocol/revision-id.ts'
import { asRev, makeRev, parseRev } from '../../protocol/revision.ts'
import type { Rev } from '../../protocol/revision.ts'

const vectors = readFileSync(projectFile('fixtures/rev-vectors.tsv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map(line => line.split('\t') as [string, string, string, string, string])

for (const [deleted, start, hash, body, expected] of vectors) {
  test(`generation ${Number(start) + 1} of ${body}${deleted === 'true' ? ', deleted,' : ''} after ${hash || 'nothing'}`, t => {
    const { term } = parseDocument(Buffer.from(body), { term: true })
    const parent = start === '0' ? undefined : makeRev(Number(start), hash)
    const rev = newRevId({ deleted: deleted === 'true', parent, body: term!, attachments: [] })
    t.is(rev, asRev(`${Number(start) + 1}-${expected}`))
  })
}

/** The revision id of an edit as CouchDB 3.5.0 would make it of this document. */
function revisionOf(json: string, attachments: HashedAttachment[] = []): Rev {
  const { deleted, rev, term } = parseDocument(Buffer.from(json), { term: true })
  return newRevId({ deleted, parent: rev, body: term!, attachments })
}

const recorded: [json: string, rev: string][] = [
  ['{"_rev":"1-abc","n":2}', '2-1c6d362cb2fea59060664e2d8b8cddef'],
  ['{"_deleted":true,"_rev":"2-a-b-c"}', '3-42e211bc725e0ad4392003a587bff21d'],
  ['{"_rev":"1000000-a","n":2}', '1000001-39473e41094c20e55ed1d228fb662e95'],
  ['{"_rev":"1-731bef401491606a3b246ed178e697c1","n":2}', '2-c7b1fa7ae4e5ec669a544d4ef6eee928'],
  ['{"_access":["x"]}', '1-015c0d79fba416a78f644f0e1584c7b2'],
  ['{"_revs_info":[],"_local_seq":7,"_conflicts":[],"kept":true}', '1-392e274a614146f76dbac91850644aa6'],
  ['{"nested":{"_fine":1}}', '1-70b9424b189c735ff27bf22e67890fa8'],
  ['{"v":-123456789012345678901234567890123456789}', '1-4a7e7138b3097a4b1014d7f95261ee59'],
  [
    '{"v":[0.1,1e-7,0.00001,-2.5,1.5e300,1e21,1e22,123456789.123456789]}',
    '1-53b2ccb253f36a85845a71037d1076b1',
  ],
  [
    '{"v":[9007199254740991,9007199254740992,9007199254740993,4294967295,4294967296,134217727,134217728,-134217729,255,256,-1,-256]}',
    '1-7d6b04487e703e0964828685586900c5',
  ],
  ['{"x":0,"y":"é","x":2}', '1-441e12aeb432f6806257112ddbb8a47f'],
  ['{"k":[null,true,false,"",[],{},[[]],[{}]]}', '1-14e2ece8f036209c5d57e003068e1f51'],
]

for (const [json, rev] of recorded)
  test(`CouchDB's revision of ${json}`, t => t.is(revisionOf(json), asRev(rev)))

test('attachments are part of the revision, in the order of the document', t => {
  const attachments = [
    {
      name: 'one.bin',
      type: 'application/octet-stream',
      digest: Buffer.from('bxGsIL8dPIXFhvp5P6Axhg==', 'base64'),
    },
    { name: 'two.png', type: 'image/png', digest: Buffer.from('Jb9IKaqha9LV0CrrVeC4tQ==', 'base64') },
  ]
  t.is(revisionOf('{"v":1}', attachments), asRev('1-81f560758cb9084a0e3bcc6884a5985a'))
  t.not(revisionOf('{"v":1}', attachments.toReversed()), revisionOf('{"v":1}', attachments))
})

test("attachments put on a tombstone count, but not what they are, as in CouchDB's updater", t => {
  const { term } = parseDocument(Buffer.from('{}'), { term: true })
  const parent = parseRev('2-c3896f3e2cd1b5a0c0c8e5f57f782b89')
  const rev = newRevId({ deleted: false, parent, body: term!, attachments: [undefined] })
  t.is(rev, asRev('3-89a65d57b5448f3ffc6219ecefafa95a'))
})
