import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { fillEditor, goTo, openBrowser, signIn } from './browser.ts'

const CHEAP_HASHES = { section: 'chttpd_auth', key: 'iterations', value: '10' }

test('from signing in to a conflict that is resolved, and a replication that is repaired', async t => {
  const settings = [CHEAP_HASHES]
  const near = await startServer({ memory: true, settings })
  t.teardown(near.close)
  const far = await startServer({ memory: true, settings })
  t.teardown(() => far.close())
  const browser = await openBrowser(t)
  const { page, complaints } = browser
  const base = near.couchette.url
  await signIn(page, base)

  // A database, and a document whose numbers stay as they are written.
  await page.getByRole('link', { name: 'Databases' }).click()
  await page.getByRole('button', { name: 'Create database' }).click()
  await page.getByLabel(/^Name/).fill('orders')
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor()
  await page.getByRole('link', { name: 'New document' }).click()
  await fillEditor(page, 'New document', '{"_id": "cart-1", "total": 12345678901234567890, "price": 1.0}')
  await page.getByRole('button', { name: 'Create document' }).click()
  await page.getByRole('heading', { level: 1, name: 'cart-1' }).waitFor()
  const stored = await fetchText(near.url, '/orders/cart-1')
  t.regex(stored, /"total":12345678901234567890,"price":1\.0}/)

  // What is wrong is said in place, and is not saved.
  await fillEditor(page, 'Document cart-1', '{"total": 1,}')
  await page.getByText('Line 1: A member begins with its name in double quotes.').first().waitFor()
  t.true(await page.getByRole('button', { name: 'Save' }).isDisabled())
  await page.getByRole('button', { name: 'Discard changes' }).click()

  // An attachment by drop of a file.
  await page.getByRole('link', { name: 'Attachments' }).click()
  await page.getByLabel('Files to attach', { exact: true }).setInputFiles({
    name: 'note <b>.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('hello from a file'),
  })
  await page.getByRole('cell', { name: 'note <b>.txt', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByText('hello from a file').waitFor()

  // A conflict, made by replication between two nodes that were both written to.
  await call(far.url, 'PUT', '/orders')
  const there = {
    url: `${far.couchette.url}/orders`,
    auth: { basic: { username: 'admin', password: 'pass' } },
  }
  const copy = (source: unknown, target: unknown) =>
    call(near.url, 'POST', '/_replicate', { json: { source, target } })
  t.is((await copy('orders', there)).status, 200)
  await edit(near.url, { total: 'near', note: 'here' })
  await edit(far.url, { total: 'far' })
  t.is((await copy(there, 'orders')).status, 200)

  await goTo(page, '#/db/orders/conflicts')
  await page.getByRole('link', { name: 'cart-1' }).waitFor()
  await page.getByRole('link', { name: 'Tree' }).click()
  await page.getByText('The document is in conflict.').waitFor()
  t.is(await page.locator('.tree-node').count(), 4)
  t.is(await page.locator('.tree-node.leaf').count(), 2)
  await page.locator('.tree-node.leaf').nth(0).click()
  await page.locator('.tree-node.leaf').nth(1).click()
  await page.getByText(/lines? differs?\.|lines differ\./).waitFor()
  t.true((await page.locator('.diff .gone').count()) > 0)

  await page.getByRole('link', { name: 'Conflicts' }).first().click()
  await page.getByRole('button', { name: 'Merge field by field' }).click()
  await page.locator('tr', { hasText: 'note' }).getByText('"here"').click()
  await page.locator('tr', { hasText: 'total' }).getByText('"far"').click()
  await page.getByRole('button', { name: 'Store the merged document' }).click()
  await page.getByText('This document is not in conflict.').waitFor()
  const merged = await call(near.url, 'GET', '/orders/cart-1?conflicts=true')
  t.like(merged.body, { total: 'far', note: 'here', _conflicts: undefined })

  // A replication by the form, which first says why it cannot be, and saves nothing.
  await goTo(page, '#/replications/new')
  await page.getByLabel('From: database').fill('orders')
  await page.getByLabel('From: name').fill('admin')
  await page.getByLabel('From: password').fill('pass')
  await page.getByRole('group', { name: 'To' }).getByRole('button', { name: 'Another node' }).click()
  await page.getByLabel(/^To: address/).fill(`${far.couchette.url}/copy`)
  await page.getByLabel('To: name').fill('admin')
  await page.getByLabel('To: password').fill('wrong')
  await page.getByLabel(/^Name/).fill('orders-to-far')
  await page.getByRole('button', { name: 'Check and create' }).click()
  await page.getByText('The other side refuses the name or the password.').waitFor()
  t.is((await call(near.url, 'GET', '/_replicator/orders-to-far')).status, 404)
  await page.getByLabel('To: password').fill('pass')
  await page.getByRole('button', { name: 'Check and create' }).click()
  await page.getByText('It has caught up and follows its source.').waitFor()
  t.like((await call(far.url, 'GET', '/copy/cart-1')).body, { total: 'far' })

  // The peer breaks: a sentence says why. It comes back: a retry goes on at once.
  const { port } = far.couchette
  await far.couchette.close()
  await edit(near.url, { total: 'after the break' })
  await page.getByText('Nothing answers at that address.').waitFor({ timeout: 90_000 })
  await page.getByText('Failing', { exact: true }).waitFor()
  const again = await startServer({ memory: true, port, settings })
  t.teardown(again.close)
  await page.getByRole('button', { name: 'Retry now' }).click()
  await page.getByText('It has caught up and follows its source.').waitFor({ timeout: 60_000 })
  t.like((await call(again.url, 'GET', '/copy/cart-1')).body, { total: 'after the break' })

  // Pausing ends it, resuming goes on.
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused', { exact: true }).waitFor()
  await edit(near.url, { total: 'while paused' })
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText('It has caught up and follows its source.').waitFor({ timeout: 60_000 })

  t.deepEqual(complaints, [])
})

/** Changes the document of the test, keeping what else is in it. */
async function edit(url: string, changes: object): Promise<void> {
  const { body } = await call(url, 'GET', '/orders/cart-1')
  const { status } = await call(url, 'PUT', '/orders/cart-1', { json: { ...body, ...changes } })
  if (status !== 201) throw new Error(`the edit was answered with ${status}`)
}

async function fetchText(url: string, path: string): Promise<string> {
  const { username, password, origin } = new URL(url)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return (await fetch(origin + path, { headers: { authorization } })).text()
}
