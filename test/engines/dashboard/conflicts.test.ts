import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { goTo, openBrowser, signIn } from './browser.ts'

const CONFLICTS = 10_000
const PER_REQUEST = 2500
const PAGE = 50
/** A busy machine takes its time for ten thousand documents, and for a browser. */
const SLOW_MS = 600_000
const PATIENCE = { withinMs: 120_000 }

const rev = (digit: string): string => `1-${digit.repeat(32)}`
const idOf = (n: number): string => `doc-${String(n).padStart(5, '0')}`

/** Writes two leaves of each document: that of b's wins. */
async function fill(url: string): Promise<void> {
  await call(url, 'PUT', '/many')
  for (let from = 0; from < CONFLICTS; from += PER_REQUEST) {
    const docs = Array.from({ length: PER_REQUEST }, (_, n) =>
      ['a', 'b'].map(digit => ({ _id: idOf(from + n), _rev: rev(digit), text: `of ${digit}` })),
    )
    await call(url, 'POST', '/many/_bulk_docs', { json: { new_edits: false, docs: docs.flat() } })
  }
}

test.serial('ten thousand conflicts are paged; one is looked at, decided, and gone', async t => {
  t.timeout(SLOW_MS)
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fill(server.url)
  const { page, complaints } = await openBrowser(t)
  page.setDefaultTimeout(PATIENCE.withinMs)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/db/many/conflicts')
  const conflicts = page.getByRole('region', { name: 'Documents in conflict', exact: true })
  const link = (n: number) => conflicts.getByRole('link', { name: idOf(n), exact: true })
  await conflicts.getByText(/^10[,.\s]?000 documents in conflict$/).waitFor()
  await link(PAGE - 1).waitFor()
  t.is(await conflicts.getByRole('link', { name: 'Resolve', exact: true }).count(), PAGE)
  await conflicts.getByRole('link', { name: 'Next page', exact: true }).click()
  await link(PAGE).waitFor()
  await link(0).waitFor({ state: 'detached' })
  await goTo(page, `#/db/many/conflicts?from=${idOf(CONFLICTS - 1)}`)
  await link(CONFLICTS - 1).waitFor()
  t.is(await conflicts.getByRole('link', { name: 'Next page', exact: true }).count(), 0)
  await conflicts.getByRole('link', { name: 'First page', exact: true }).click()
  await link(0).waitFor()

  const row = conflicts.getByRole('row', { name: idOf(1) })
  await row.getByRole('link', { name: 'Resolve', exact: true }).click()
  const choice = (digit: string) => page.getByRole('region', { name: `Revision ${rev(digit)}`, exact: true })
  await choice('b').getByText('"of b"').waitFor()
  await choice('b').getByText('Winner', { exact: true }).waitFor()
  await choice('a').getByText('"of a"').waitFor()
  await choice('a').getByRole('button', { name: 'Keep this one', exact: true }).click()
  await page.getByText('This document is not in conflict.').waitFor()
  await goTo(page, '#/db/many/conflicts')
  await conflicts.getByText(/^9[,.\s]?999 documents in conflict$/).waitFor()
  t.is(await link(1).count(), 0)
  const resolutions = page.getByRole('region', { name: 'Latest resolutions', exact: true })
  await resolutions
    .getByRole('row', { name: idOf(1) })
    .getByText('by admin', { exact: true })
    .waitFor()
  t.like((await call(server.url, 'GET', `/many/${idOf(1)}?conflicts=true`)).body, {
    _rev: rev('a'),
    _conflicts: undefined,
  })
  t.deepEqual(complaints, [])
})

test.serial('the card of a job shows which documents the target refused, and why', async t => {
  t.timeout(SLOW_MS)
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  const { url } = server
  for (const name of ['from', 'to', '_replicator']) await call(url, 'PUT', `/${name}`)
  const validate = "function (doc) { if (doc.bad) throw { forbidden: 'bad document' } }"
  await call(url, 'PUT', '/to/_design/v', { json: { validate_doc_update: validate } })
  await call(url, 'PUT', '/from/worse', { json: { bad: true } })
  const job = { source: `${url}/from`, target: `${url}/to`, continuous: true }
  t.is((await call(url, 'PUT', '/_replicator/job', { json: job })).status, 201)
  await eventually(
    'it was refused',
    async () => JSON.stringify((await call(url, 'GET', '/_scheduler/jobs')).body).includes('bad document'),
    PATIENCE,
  )
  const { page, complaints } = await openBrowser(t)
  page.setDefaultTimeout(PATIENCE.withinMs)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/replications/job/_replicator/job')
  const card = page.getByRole('region', { name: 'Divergence', exact: true })
  const row = card.getByRole('row', { name: 'worse' })
  await row.getByText('403 forbidden: bad document', { exact: true }).waitFor()
  await row.locator('time').waitFor()
  t.deepEqual(complaints, [])
})
