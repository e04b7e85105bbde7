import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { goTo, openBrowser, signIn } from './browser.ts'
import { fillNode } from './sample-node.ts'

test.serial('a session that ends leads back to where one was', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fillNode(server.url)
  const { page, context, complaints } = await openBrowser(t)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/db/orders/docs?bodies=true')
  await page.getByRole('link', { name: 'order-00001' }).waitFor()
  await context.clearCookies()
  await page.getByRole('link', { name: 'Next page' }).click()
  await page.getByText('Your session has ended. Sign in to go on where you were.').waitFor()
  const address = page.url()
  await page.getByLabel('Name', { exact: true }).fill('admin')
  await page.getByLabel('Password', { exact: true }).fill('pass')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'order-00060' }).waitFor()
  t.is(page.url(), address)
  t.deepEqual(complaints, [])
})

test.serial('a wrong password is told, and what a user may not do is not shown', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fillNode(server.url)
  await call(server.url, 'PUT', '/orders/_security', {
    json: { members: { names: ['ada'], roles: [] }, admins: { names: [], roles: [] } },
  })
  const { page } = await openBrowser(t)
  const base = server.couchette.url
  await page.goto(`${base}/_utils/`)
  await page.getByLabel('Name', { exact: true }).fill('ada')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Name or password is incorrect.').waitFor()
  await signIn(page, base, 'ada', 'secret')
  await page.getByText('You are signed in.').waitFor()
  t.deepEqual(await page.locator('nav[aria-label="Sections"] a').allInnerTexts(), ['Overview', 'Databases'])
  await goTo(page, '#/users')
  await page.getByText('There is no such view, or you may not see it.').waitFor()
  await goTo(page, '#/databases')
  await page.getByLabel('Database', { exact: true }).fill('orders')
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByRole('link', { name: 'order-00001' }).waitFor()
  t.is(await page.getByRole('button', { name: 'Delete' }).count(), 0)
  t.is(await page.getByRole('button', { name: 'Compact' }).count(), 0)
})

test.serial('a browser that asks for a protected page signs in and gets it', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fillNode(server.url)
  const { page } = await openBrowser(t)
  await page.goto(`${server.couchette.url}/orders`)
  await page.getByText('You are not authorized to access this db.').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('admin')
  await page.getByLabel('Password', { exact: true }).fill('pass')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${server.couchette.url}/orders`)
  t.regex((await page.textContent('body')) ?? '', /"db_name":"orders"/)
  await page.goto(`${server.couchette.url}/_utils/session.html?return=//evil.example&reason=x`)
  t.regex(page.url(), /^http:\/\/127\.0\.0\.1/)
})
