import test, { type ExecutionContext } from 'ava'
import { type FaultyProxy, startProxy } from '../../helpers/faulty-proxy.ts'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'

/** Many documents on a busy machine. */
const SLOW_MS = 300_000
const PLANTED = 1000
const SHARED = 9000

let near: RunningServer
let far: RunningServer
/** The far server as one that knows no digests. */
let plain: FaultyProxy
/** The far server, with the requests to it. */
let seen: FaultyProxy
test.before(async () => {
  ;[near, far] = await Promise.all([startServer(), startServer()])
  const hidden = { kind: 'answer', status: 404, body: '{"error":"not_found","reason":"missing"}' } as const
  plain = await startProxy(far.url, ({ path }) => (path.includes('_digests') ? hidden : undefined))
  seen = await startProxy(far.url)
})
test.after.always(async () => {
  await Promise.all([plain.close(), seen.close()])
  await Promise.all([near.close(), far.close()])
})

type Line = Readonly<Record<string, unknown>> & {
  readonly id?: string
  readonly progress?: { readonly from?: string }
  readonly summary?: Readonly<Record<string, number | boolean>>
}

async function compare(t: ExecutionContext, request: object): Promise<Line[]> {
  const answer = await call<string>(near.url, 'POST', '/_compare', { json: request })
  t.is(answer.status, 200)
  // A single line is parsed as JSON already.
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

const rev = (generation: number, n: number): string => `${generation}-${n.toString(16).padStart(32, '0')}`

interface Leaf {
  readonly _id: string
  readonly _rev: string
  readonly [member: string]: unknown
}

async function put(url: string, name: string, docs: readonly Leaf[]): Promise<void> {
  await call(url, 'PUT', `/${name}`)
  for (let at = 0; at < docs.length; at += 2000) {
    const json = { new_edits: false, docs: docs.slice(at, at + 2000) }
    await call(url, 'POST', `/${name}/_bulk_docs`, { json })
  }
}

/** Ids of all parts of the order, some of them beyond ASCII. */
const idOf = (n: number): string =>
  `${n % 3 === 0 ? 'ö' : 'd'}${String((n * 7919) % 100_000).padStart(5, '0')}`

const attached = (data: string): object => ({
  'a.bin': { content_type: 'application/x-own', data: Buffer.from(data).toString('base64') },
})

const shared = Array.from({ length: SHARED }, (_, n): Leaf => ({
  _id: idOf(n),
  _rev: rev(1, n),
  ...(n % 7 === 0 ? { _deleted: true } : {}),
  ...(n % 50 === 0 ? { _attachments: attached('same') } : {}),
}))

/** One difference, and what is found of it: without its id. */
interface Planted {
  readonly here: readonly Omit<Leaf, '_id'>[]
  readonly there: readonly Omit<Leaf, '_id'>[]
  readonly found: object
}

/** @param side that lacks something, where one does */
function plant(n: number, side: 'source' | 'target'): Planted {
  const [first, second] = [rev(1, n), rev(2, n)]
  const winners = (more: string): object => ({
    winners: side === 'target' ? { source: more, target: first } : { source: first, target: more },
  })
  switch (n % 8) {
    case 0:
      return { here: [{ _rev: first }], there: [], found: { kind: 'missing', revs: [first] } }
    case 1:
      return {
        here: [{ _rev: first, _deleted: true }],
        there: [],
        found: { kind: 'missing', revs: [first] },
      }
    case 2:
      return {
        here: [{ _rev: rev(5, n) }, { _rev: second }],
        there: [{ _rev: rev(5, n) }],
        found: { kind: 'leaves', revs: [second] },
      }
    case 3:
      return {
        here: [{ _rev: first }, { _rev: second, _deleted: true }],
        there: [{ _rev: first }],
        found: { kind: 'leaves', revs: [second] },
      }
    case 4:
      return {
        here: [{ _rev: first }, { _rev: second }],
        there: [{ _rev: first }],
        found: { kind: 'winner', revs: [second], ...winners(second) },
      }
    case 5:
      // Its history was cut off on one side, where the ancestor is a leaf still.
      return {
        here: [{ _rev: first }, { _rev: second }],
        there: [{ _rev: second, _revisions: { start: 2, ids: [second.slice(2), first.slice(2)] } }],
        found: { kind: 'leaves', revs: [first] },
      }
    case 6:
      return {
        here: [{ _rev: first, n: 1 }],
        there: [{ _rev: first, n: 2 }],
        found: { kind: 'body', rev: first },
      }
    default:
      return {
        here: [{ _rev: first, _attachments: attached('one') }],
        there: [{ _rev: first, _attachments: attached('two') }],
        found: { kind: 'attachment', rev: first, name: 'a.bin' },
      }
  }
}

/** Differences of all kinds, on either side, and the lines that tell of them. */
function planted(): { source: Leaf[]; target: Leaf[]; expected: Line[] } {
  const sides: { source: Leaf[]; target: Leaf[] } = { source: [], target: [] }
  const expected: Line[] = []
  for (let n = 0; n < PLANTED; n++) {
    const lacking = Math.floor(n / 8) % 2 === 0 ? 'target' : 'source'
    const having = lacking === 'target' ? 'source' : 'target'
    const _id = `${idOf(n * 9)}x`
    const { here, there, found } = plant(n, lacking)
    sides[having].push(...here.map(leaf => ({ ...leaf, _id }) as Leaf))
    sides[lacking].push(...there.map(leaf => ({ ...leaf, _id }) as Leaf))
    const isLacking = n % 8 < 5
    expected.push({ id: _id, ...found, ...(isLacking ? { missing_in: lacking } : {}) })
  }
  return { ...sides, expected }
}

function sorted(lines: readonly Line[]): Line[] {
  return lines.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
}

const isDamage = ({ kind }: Line): boolean => kind === 'body' || kind === 'attachment'

for (const [name, db, targetOf] of [
  ['two databases of one server', 'one', () => 'one-b'],
  ['two Couchettes', 'two', () => `${far.url}/two-b`],
  ['a Couchette and a server without digests', 'three', () => `${plain.url}/three-b`],
] as const) {
  test(`a thousand differences of all kinds are found between ${name}`, async t => {
    t.timeout(SLOW_MS)
    const { source, target, expected } = planted()
    await put(near.url, `${db}-a`, [...shared, ...source])
    await put(db === 'one' ? near.url : far.url, `${db}-b`, [...target, ...shared])
    const request = { source: `${db}-a`, target: targetOf() }

    const found = await compare(t, request)
    const leaves = expected.filter(line => !isDamage(line))
    t.deepEqual(sorted(found.filter(({ id }) => id !== undefined)), sorted(leaves))
    const ofLeaves = { missing_in_source: 310, missing_in_target: 315, other_winner: 125, other_leaves: 125 }
    t.like(found.at(-1)?.summary, { equal: false, ...ofLeaves, damaged: 0 })

    const deep = await compare(t, { ...request, bodies: true })
    t.deepEqual(sorted(deep.filter(({ id }) => id !== undefined)), sorted(expected))
    t.like(deep.at(-1)?.summary, { equal: false, ...ofLeaves, damaged: 250 })
  })
}

test('two Couchettes that agree list nothing, and those that differ little list little', async t => {
  t.timeout(SLOW_MS)
  await put(near.url, 'agree-a', shared)
  await put(far.url, 'agree-b', shared.toReversed())
  const request = { source: 'agree-a', target: `${seen.url}/agree-b` }
  const first = (await compare(t, request)).at(-1)
  t.like(first?.summary, { equal: true, source_documents: SHARED, target_documents: SHARED })
  t.deepEqual(
    seen.requests.filter(({ path }) => /_changes|_revs_diff|_bulk_get/.test(path)),
    [],
  )
  const before = seen.requests.length
  await put(near.url, 'agree-a', [{ _id: idOf(77), _rev: rev(9, 9) }])
  const found = (await compare(t, request)).filter(line => line.progress === undefined)
  t.is(found.length, 2)
  t.like(found[0], { id: idOf(77), kind: 'winner', missing_in: 'target', revs: [rev(9, 9)] })
  t.like(found.at(-1)?.summary, { equal: false, missing_in_target: 1, missing_in_source: 0 })
  // The whole, the parts, one list of one part, and one question for each side.
  t.true(seen.requests.length - before < 15, `${seen.requests.length - before} requests`)
})

test('a comparison goes on from where its progress says', async t => {
  t.timeout(SLOW_MS)
  const server = await startServer({
    settings: [{ section: 'compare', key: 'progress_interval', value: '0' }],
  })
  t.teardown(() => server.close())
  const docs = shared.slice(0, 3000)
  await put(server.url, 'a', docs)
  await put(server.url, 'b', docs.slice(0, 2900))
  const post = async (json: object): Promise<Line[]> => {
    const { body } = await call<string>(server.url, 'POST', '/_compare', { json })
    return body
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line)
  }
  for (const digests of [true, false]) {
    const request = { source: 'a', target: 'b', digests }
    const lines = await post(request)
    const marks = lines.flatMap((line, index) => (line.progress?.from === undefined ? [] : [index]))
    t.true(marks.length >= 2)
    const mark = marks[Math.floor(marks.length / 2)]!
    const { from } = lines[mark]!.progress!
    const ids = (all: readonly Line[]): string[] => all.flatMap(({ id }) => id ?? [])
    t.deepEqual(ids(await post({ ...request, from })), ids(lines.slice(mark)))
    t.is(ids(lines).length, 100)
  }
  t.is(
    (await call(server.url, 'POST', '/_compare', { json: { source: 'a', target: 'b', from: 1 } })).status,
    400,
  )
})
