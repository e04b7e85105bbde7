import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { axeViolations, goTo, openBrowser, signIn } from './browser.ts'
import { fillNode } from './sample-node.ts'

/** Each view with a text that is there once it has loaded. */
const VIEWS: readonly (readonly [fragment: string, text: string])[] = [
  ['#/', 'Requests answered'],
  ['#/databases', 'Update sequence'],
  ['#/db/orders/docs?bodies=true', 'order-00001'],
  ['#/db/orders/docs?kind=design', '_design/shop'],
  ['#/db/readings/docs?kind=partition&partition=plant1', 'plant1:1'],
  ['#/db/orders/query', 'Indexes'],
  ['#/db/orders/design', 'by_customer'],
  ['#/db/orders/design/_design%2Fshop/by_customer', 'customer-1'],
  ['#/db/orders/design/_design%2Fshop/by_customer/edit', 'Trial run'],
  ['#/db/orders/changes?since=0', 'order-00150'],
  ['#/db/orders/conflicts', 'cart-17'],
  ['#/db/orders/conflicts', 'See the design documents'],
  ['#/db/carts/conflicts', 'Latest resolutions'],
  ['#/db/carts/conflicts', 'are not applied'],
  ['#/db/orders/permissions', 'Only administrators of the server may use this database.'],
  ['#/db/orders/doc/cart-17', 'This document is in conflict'],
  ['#/db/orders/doc/cart-17/attachments', 'This document has no attachments.'],
  ['#/db/orders/doc/cart-17/revisions', '7 revisions, 3 leaves'],
  ['#/db/orders/doc/cart-17/conflicts', 'Keep this one'],
  ['#/db/orders/doc/', 'Create document'],
  ['#/db/none', 'There is no database of this name.'],
  ['#/replications', 'orders-copy'],
  ['#/replications/new', 'Check and create'],
  ['#/replications/job/_replicator/orders-copy', 'Documents written per second'],
  ['#/users', 'Administrators of the server'],
  ['#/configuration', '[replicator]'],
  ['#/operations', 'Delay of the event loop'],
  ['#/operations/tasks', 'index build is running'],
  ['#/operations/log', 'Change what is logged'],
  ['#/nowhere', 'There is no such view'],
]

const SHAPES = [
  { name: 'light', theme: 'light', width: 1280 },
  { name: 'dark', theme: 'dark', width: 1280 },
  { name: 'phone', theme: 'dark', width: 390 },
  { name: 'wide', theme: 'light', width: 2200 },
] as const

for (const { name, theme, width } of SHAPES) {
  test.serial(`every view passes axe-core and stays within the window: ${name}`, async t => {
    const server = await startServer({ memory: true })
    t.teardown(server.close)
    await fillNode(server.url)
    const browser = await openBrowser(t)
    const { page, complaints } = browser
    await page.addInitScript(`localStorage.setItem('couchette-theme', '${theme}')`)
    await page.setViewportSize({ width, height: 860 })
    await signIn(page, server.couchette.url)
    for (const [fragment, text] of VIEWS) {
      await goTo(page, fragment)
      await page.getByText(text).first().waitFor({ state: 'attached' })
      t.deepEqual(await axeViolations(browser), [], fragment)
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      t.true(overflow <= 0, `${fragment} is ${overflow} pixels too wide`)
    }
    t.deepEqual(complaints, [])
  })
}

test.serial(
  'the first load is small, comes from the node alone, and a view can be shared by its address',
  async t => {
    const server = await startServer({ memory: true })
    t.teardown(server.close)
    await fillNode(server.url)
    const { page, complaints } = await openBrowser(t)
    const requests: string[] = []
    page.on('request', request => requests.push(request.url()))
    await signIn(page, server.couchette.url)
    const sizes = await page.evaluate<number>(
      `performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('.js')).reduce((sum, entry) => sum + entry.encodedBodySize, 0)`,
    )
    t.true(sizes > 0 && sizes < 200_000, `${sizes} bytes of script`)
    t.deepEqual(
      requests.filter(url => !url.startsWith(server.couchette.url) && !url.startsWith('blob:')),
      [],
    )
    const shared = `${server.couchette.url}/_utils/#/db/orders/doc/cart-17/revisions`
    await page.goto('about:blank')
    await page.goto(shared)
    await page.getByText('7 revisions, 3 leaves').waitFor()
    t.deepEqual(complaints, [])
  },
)

test.serial('keyboard alone opens a database, and the focus is seen', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await fillNode(server.url)
  const { page } = await openBrowser(t)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/databases')
  const link = page.getByRole('link', { name: 'orders', exact: true })
  await link.waitFor()
  for (let pressed = 0; pressed < 40; pressed += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement.textContent')) === 'orders') break
  }
  t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').waitFor()
  t.true(await page.getByRole('button', { name: 'Delete this database' }).isDisabled())
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  t.is((await call(server.url, 'GET', '/orders')).status, 200)
})
