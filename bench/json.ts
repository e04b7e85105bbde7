import { parseBulkDocs } from '../protocol/document/parse-bulk-docs.ts'
import { canonicalize } from '../protocol/json/canonical.ts'
import { newRevId } from '../protocol/revision-id.ts'

/**
 * The cost of reading documents, in megabytes of JSON a second, beside JSON.parse of the same bytes in the same run.
 * Run: `npx tsx bench/json.ts`.
 */
const COUNT = 1000
const TEXT =
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.'

function document(at: number): Record<string, unknown> {
  return {
    _id: `doc-${String(at).padStart(8, '0')}`,
    type: 'order',
    customer: { name: `Customer ${at}`, email: `c${at}@example.com`, city: 'Springfield', zip: 12345 + at },
    items: ['A', 'B'].map(letter => ({ sku: `${letter}-${at}`, quantity: at % 7, price: at * 3 + 99 })),
    total: at * 17,
    paid: at % 2 === 0,
    note: TEXT,
    tags: ['red', 'green', 'blue'],
    created: '2024-05-06T07:08:09Z',
  }
}

/** Megabytes a second in the fastest of several rounds. */
function rate(bytes: number, work: () => void): number {
  let best = Infinity
  for (let round = 0; round < 60; round++) {
    const start = performance.now()
    work()
    best = Math.min(best, performance.now() - start)
  }
  return bytes / best / 1000
}

const objects = Array.from({ length: COUNT }, (_, at) => document(at))
const single = objects.map(object => Buffer.from(JSON.stringify(object)))
const spread = objects.map(object => Buffer.from(JSON.stringify(object, null, 2)))
const bulk = Buffer.from(JSON.stringify({ docs: objects }))
const replicated = Buffer.from(
  JSON.stringify({
    new_edits: false,
    docs: objects.map(object => ({ ...object, _rev: `1-${'a1'.repeat(16)}` })),
  }),
)

function total(texts: readonly Buffer[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}

function editAll(): void {
  for (const { deleted, rev, term } of parseBulkDocs(bulk).docs) {
    newRevId({ deleted, parent: rev, body: term!, attachments: [] })
  }
}

const works: [name: string, bytes: number, work: () => void][] = [
  ['JSON.parse', total(single), () => single.forEach(text => void JSON.parse(text.toString()))],
  ['canonical text', total(single), () => single.forEach(text => canonicalize(text, { term: false }))],
  [
    'canonical text, indented',
    total(spread),
    () => spread.forEach(text => canonicalize(text, { term: false })),
  ],
  [
    'canonical text and term',
    total(single),
    () => single.forEach(text => canonicalize(text, { term: true })),
  ],
  ['bulk write', bulk.length, () => parseBulkDocs(bulk)],
  ['bulk write with revision ids', bulk.length, editAll],
  ['replicated bulk write', replicated.length, () => parseBulkDocs(replicated)],
]

console.log(`${COUNT} documents of ${Math.round(total(single) / COUNT)} bytes`)
for (const [name, bytes, work] of works)
  console.log(name.padEnd(32), rate(bytes, work).toFixed(0).padStart(5), 'MB/s')
