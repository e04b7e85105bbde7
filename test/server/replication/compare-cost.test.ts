import { createHash } from 'node:crypto'
import test from 'ava'
import { slowLink } from '../../../harness/slow-link.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const DOCUMENTS = 10_000
const PER_REQUEST = 2500
/** As fast as the machine: the link only counts bytes. */
const FAST = 10_000_000_000

/** Text that compresses little: whether a connection compresses depends on how busy the machine is. */
function textOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('base64')
}

interface Compared {
  readonly summary: { readonly equal: boolean; readonly target_documents: number }
}

test('two Couchettes that agree tell each other less than a hundredth of what a transfer takes', async t => {
  t.timeout(300_000)
  const [near, far] = await Promise.all([startServer(), startServer()])
  t.teardown(() => Promise.all([near.close(), far.close()]))
  const link = await slowLink(far.url, FAST, 0)
  t.teardown(() => link.close())
  await call(near.url, 'PUT', '/db')
  for (let from = 0; from < DOCUMENTS; from += PER_REQUEST) {
    const docs = Array.from({ length: PER_REQUEST }, (_, n) => ({
      _id: `doc-${from + n}`,
      n: from + n,
      text: textOf(from + n),
    }))
    await call(near.url, 'POST', '/db/_bulk_docs', { json: { docs } })
  }
  const carried = async (work: () => Promise<unknown>): Promise<number> => {
    const before = link.sent + link.received
    await work()
    return link.sent + link.received - before
  }
  const target = `${link.url}/db`
  const json = { source: 'db', target, create_target: true }
  const transfer = await carried(async () =>
    t.is((await call(near.url, 'POST', '/_replicate', { json })).status, 200),
  )
  const compare = async (): Promise<void> => {
    const { body } = await call<Compared>(near.url, 'POST', '/_compare', { json: { source: 'db', target } })
    t.like(body.summary, { equal: true, target_documents: DOCUMENTS })
  }
  const first = await carried(compare)
  const again = await carried(compare)
  t.true(transfer > 20 * DOCUMENTS, `${transfer} bytes`)
  t.true(first < transfer / 100, `${first} of ${transfer} bytes`)
  t.true(again < transfer / 100, `${again} of ${transfer} bytes`)
  t.log(`transfer ${transfer} bytes, comparison ${first} and ${again} bytes`)
})
