import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { goTo, openBrowser, signIn } from './browser.ts'
import { fillCarts } from './sample-node.ts'

const CHEAP_HASHES = { section: 'chttpd_auth', key: 'iterations', value: '10' }

const hash = (letter: string): string => `1-${letter.repeat(32)}`

test.serial('policies and what they did are shown, and so is a conflict that they leave', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fillCarts(server.url)
  // No policy is for this one.
  const docs = ['a', 'b'].map(letter => ({ _id: 'note-1', _rev: hash(letter), type: 'note', letter }))
  await call(server.url, 'POST', '/carts/_bulk_docs', { json: { new_edits: false, docs } })
  const { page, complaints } = await openBrowser(t)
  await signIn(page, server.couchette.url)

  await page.getByText('The oldest came about').waitFor()
  await goTo(page, '#/db/carts/conflicts')
  const policies = page.getByRole('region', { name: 'Policies', exact: true })
  const rule = policies.getByRole('row', { name: '{"type":"cart"}' })
  await rule.getByText('latest', { exact: true }).waitFor()
  await rule.getByText('field: "updated_at"').waitFor()
  await rule.getByRole('link', { name: '_design/policy', exact: true }).waitFor()
  await rule.getByRole('cell', { name: '1', exact: true }).waitFor()
  const invalid = policies.getByText('are not applied')
  await invalid.getByRole('link', { name: '_design/policy-old', exact: true }).waitFor()
  t.regex((await invalid.textContent()) ?? '', /conflicts\[0\]/)

  const resolutions = page.getByRole('region', { name: 'Latest resolutions', exact: true })
  const resolution = resolutions.getByRole('row', { name: 'cart-17' })
  await resolution.getByText('latest', { exact: true }).waitFor()
  await resolution.locator('time').waitFor()
  const conflicts = page.getByRole('region', { name: 'Documents in conflict', exact: true })
  await conflicts.getByRole('link', { name: 'note-1', exact: true }).waitFor()
  await conflicts.getByRole('link', { name: 'cart-17', exact: true }).waitFor({ state: 'detached' })

  await resolution.getByRole('link', { name: 'cart-17', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'cart-17', exact: true }).waitFor()
  t.like((await call(server.url, 'GET', '/carts/cart-17?conflicts=true')).body, {
    coupon: 'WINTER',
    _conflicts: undefined,
  })
  t.deepEqual(complaints, [])
})

test.serial('without policies a line says what they are; who is no member is told so', async t => {
  const server = await startServer({ memory: true, settings: [CHEAP_HASHES] })
  t.teardown(server.close)
  for (const database of ['_users', 'plain']) await call(server.url, 'PUT', `/${database}`)
  await call(server.url, 'PUT', '/_users/org.couchdb.user:ada', {
    json: { name: 'ada', type: 'user', roles: [], password: 'secret' },
  })
  const { page, context, complaints } = await openBrowser(t)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/db/plain/conflicts')
  await page.getByText('No document is in conflict here.').waitFor()
  await page.getByText('A policy is a rule in a design document').waitFor()
  t.is(await page.getByRole('region', { name: 'Latest resolutions', exact: true }).count(), 0)
  await page.getByRole('link', { name: 'See the design documents', exact: true }).click()
  await page.waitForURL(/#\/db\/plain\/docs\?kind=design$/)

  // Databases are for administrators alone where their permissions name nobody else.
  await context.clearCookies()
  await page.goto('about:blank')
  await signIn(page, server.couchette.url, 'ada', 'secret')
  await goTo(page, '#/db/plain/conflicts')
  await page.getByText('You may not see the conflicts of this database.').waitFor()
  t.is(await page.getByRole('region', { name: 'Policies', exact: true }).count(), 0)
  t.deepEqual(complaints, [])
})
