import test, { type ExecutionContext } from 'ava'
import { runCli } from '../../cli/run-cli.ts'
import { damageContents } from '../../helpers/faults/damaged-contents.ts'
import { RestartableNode } from '../../helpers/faults/restartable.ts'
import { startProxy } from '../../helpers/faulty-proxy.ts'
import { call } from '../../helpers/http.ts'
import { leavesOf } from '../../helpers/replication.ts'

/** Many documents on a busy machine. */
const SLOW_MS = 300_000
const PLANTED = 1000
const KINDS = 8
/** Documents that are damaged on the disk. */
const DAMAGED = 40

type Doc = Readonly<Record<string, unknown>> & { readonly _id: string }

/** Stands in what is damaged on the disk of one node. */
const MARK = 'damage this'

const rev = (generation: number, digit: string): string => `${generation}-${digit.repeat(32)}`

/** Bytes of no type that is compressed; more than 32 KiB lie in a file. */
function attached(data: string): object {
  return { 'a.bin': { content_type: 'application/x-own', data: Buffer.from(data).toString('base64') } }
}

const LONG = 'long '.repeat(8000)

/** The content of a document on the side where it is right, and where it is not; undefined: as it is on the other. */
interface Content {
  readonly right: object
  readonly wrong?: object
}

/** Contents that differ under one revision, which is the hash of the right one. */
function contentOf(n: number): Content | undefined {
  if (n >= PLANTED - DAMAGED) {
    if (n % 2 === 0) return { right: { n, text: MARK } }
    return { right: { n, _attachments: attached(`${n % 4 === 1 ? LONG : ''}${MARK} ${n}`) } }
  }
  switch (n % KINDS) {
    case 6:
      return { right: { n }, wrong: { n: n + 1 } }
    case 7:
      return { right: { n, _attachments: attached(`a${n}`) }, wrong: { n, _attachments: attached(`b${n}`) } }
    default:
      return undefined
  }
}

/** Leaves of which a side lacks some, or does not know how they follow one another. */
function leavesIn(n: number, _id: string): { having: Doc[]; lacking: Doc[] } {
  const doc = (generation: number, digit: string, more = {}): Doc => ({
    _id,
    _rev: rev(generation, digit),
    ...more,
  })
  switch (n % KINDS) {
    case 0:
      return { having: [doc(1, 'a')], lacking: [] }
    case 1:
      return { having: [doc(1, 'a', { _deleted: true })], lacking: [] }
    case 2:
      return { having: [doc(5, 'a'), doc(2, 'b')], lacking: [doc(5, 'a')] }
    case 3: {
      const child = { _revisions: { start: 2, ids: ['b'.repeat(32), 'a'.repeat(32)] }, _deleted: true }
      return { having: [doc(1, 'a'), doc(2, 'b', child)], lacking: [doc(1, 'a')] }
    }
    case 4:
      return { having: [doc(1, 'a'), doc(3, 'b')], lacking: [doc(1, 'a'), doc(2, 'c')] }
    default: {
      const whole = { _revisions: { start: 2, ids: ['b'.repeat(32), 'a'.repeat(32)] } }
      return { having: [doc(2, 'b', whole)], lacking: [doc(1, 'a'), doc(2, 'b')] }
    }
  }
}

async function write(
  url: string,
  docs: readonly object[],
  replicated: boolean,
): Promise<readonly { rev: string }[]> {
  const json = { docs, ...(replicated ? { new_edits: false } : {}) }
  return (await call<{ rev: string }[]>(url, 'POST', '/db/_bulk_docs', { json })).body
}

/** Plants differences of all kinds on both nodes; damage on the disk on the far one alone. */
async function plant(near: string, far: string): Promise<void> {
  const raw = new Map<string, Doc[]>([
    [near, []],
    [far, []],
  ])
  const right = new Map<string, Doc[]>([
    [near, []],
    [far, []],
  ])
  const copies: { readonly url: string; readonly doc: Doc; readonly of: string }[] = []
  for (let n = 0; n < PLANTED; n++) {
    const _id = `d${String((n * 7919) % 10_000).padStart(5, '0')}`
    const isMarked = n >= PLANTED - DAMAGED
    const [here, there] = isMarked || Math.floor(n / KINDS) % 2 === 0 ? [near, far] : [far, near]
    const content = contentOf(n)
    if (content === undefined) {
      const { having, lacking } = leavesIn(n, _id)
      raw.get(here)!.push(...having)
      raw.get(there)!.push(...lacking)
    } else {
      right.get(here)!.push({ ...content.right, _id })
      copies.push({ url: there, doc: { ...(content.wrong ?? content.right), _id }, of: here })
    }
  }
  for (const [url, docs] of raw) await write(url, docs, true)
  const revs = new Map<string, string>()
  for (const [url, docs] of right) {
    const written = await write(url, docs, false)
    for (const [index, doc] of docs.entries()) revs.set(doc._id, written[index]!.rev)
  }
  for (const url of [near, far]) {
    const docs = copies
      .filter(copy => copy.url === url)
      .map(({ doc }) => ({ ...doc, _rev: revs.get(doc._id) }))
    await write(url, docs, true)
  }
}

async function twoNodes(t: ExecutionContext): Promise<{ near: RestartableNode; far: RestartableNode }> {
  const near = await RestartableNode.start()
  t.teardown(() => near.close())
  const far = await RestartableNode.start()
  t.teardown(() => far.close())
  for (const { url } of [near, far]) await call(url, 'PUT', '/db')
  return { near, far }
}

for (const [name, hasDigests] of [
  ['two Couchettes', true],
  ['a Couchette and a server that is spoken to by HTTP only', false],
] as const) {
  test(`a thousand differences of all kinds are mended between ${name}`, async t => {
    t.timeout(SLOW_MS)
    const { near, far } = await twoNodes(t)
    await plant(near.url, far.url)
    await far.stop()
    t.is(await damageContents(far.data, MARK), DAMAGED)
    await far.start()
    const hidden = { kind: 'answer', status: 404, body: '{"error":"not_found","reason":"missing"}' } as const
    const proxy = await startProxy(far.url, ({ path }) =>
      !hasDigests && path.includes('_digests') ? hidden : undefined,
    )
    t.teardown(() => proxy.close())
    const env = { COUCHETTE_URL: near.url }
    const args = ['db', `${proxy.url}/db`, '--bodies', '--json']
    const { code, out, err } = await runCli(['repair', ...args, '--yes'], { env })
    const lines = out.trimEnd().split('\n')
    t.is(code, 0, `${err} ${lines.slice(-20).join('\n')}`)
    t.deepEqual(JSON.parse(lines.at(-1)!), {
      repair: { to_target: 360, to_source: 360, replaced: 400, remaining: 0 },
    })
    t.deepEqual(await leavesOf(near.url, 'db'), await leavesOf(far.url, 'db'))
    t.is(Object.keys(await leavesOf(near.url, 'db')).length, PLANTED)
  })
}

test('what neither side proves is left to a person, who chooses', async t => {
  const { near, far } = await twoNodes(t)
  const doc = { _id: 'x', _rev: rev(1, 'a') }
  await write(near.url, [{ ...doc, n: 1 }], true)
  await write(far.url, [{ ...doc, n: 2 }], true)
  const env = { COUCHETTE_URL: near.url }
  const run = (...args: string[]) =>
    runCli(['repair', 'db', `${far.url}/db`, '--bodies', '--yes', ...args], { env })
  const left = await run()
  t.is(left.code, 6)
  t.regex(
    left.out,
    /^x: the body of 1-a{32} differs; neither side proves to be right, a person has to choose$/m,
  )
  t.regex(left.out, /^Nothing was repaired: a person has to say which side is right, with --take\.$/m)
  t.is((await run('--take', 'both')).code, 2)
  t.is((await run('--take', 'source', '--id', 'other')).out, 'Nothing differs.\n')
  t.is((await run('--take', 'source', '--id', 'x')).code, 0)
  t.like((await call(far.url, 'GET', '/db/x')).body, { ...doc, n: 1 })
})

test('one way, a damaged source stays as it is, and a target that refuses says why', async t => {
  const { near, far } = await twoNodes(t)
  const [written] = await write(far.url, [{ _id: 'x', n: 1 }], false)
  const [other] = await write(near.url, [{ _id: 'y', n: 1 }], false)
  await write(near.url, [{ _id: 'x', _rev: written!.rev, n: 2 }], true)
  await write(far.url, [{ _id: 'y', _rev: other!.rev, n: 2 }], true)
  const validate = 'function (doc) { if (doc._id === "y") throw { forbidden: "not y" } }'
  await call(far.url, 'PUT', '/db/_design/v', { json: { validate_doc_update: validate } })
  const documents = [
    { id: 'x', rev: written!.rev },
    { id: 'y', rev: other!.rev },
    { id: 'none', revs: [rev(1, 'a')] },
  ]
  const json = { source: 'db', target: `${far.url}/db`, one_way: true, documents }
  const { body } = await call<string>(near.url, 'POST', '/_repair', { json })
  const lines = body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { readonly reason: string })
  t.like(lines[0], { id: 'x', outcome: 'undecided', damaged: 'source' })
  t.like(lines[1], { id: 'y', outcome: 'failed', damaged: 'target', reason: 'forbidden: not y' })
  t.is((await call(near.url, 'GET', '/db/x')).body['n'], 2)
  t.is((await call(near.url, 'GET', '/db/y')).body['n'], 1, 'what is right stays')
})

const BAD = [
  { documents: [], take: 'both' },
  { documents: [], one_way: 1 },
  {},
  { documents: 'x' },
  { documents: ['x'] },
  { documents: [{ id: 'x' }] },
  { documents: [{ rev: '1-a' }] },
  { documents: [{ id: 'x', revs: [] }] },
  { documents: [{ id: 'x', revs: [1] }] },
]

test('a repair that is asked for in a wrong way is 400', async t => {
  const { near } = await twoNodes(t)
  for (const members of BAD) {
    const json = { source: 'db', target: 'db', ...members }
    const { status, body } = await call(near.url, 'POST', '/_repair', { json })
    t.deepEqual([status, body['error']], [400, 'bad_request'], JSON.stringify(members))
  }
  t.is((await call(near.url, 'GET', '/_repair')).status, 405)
})
