import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { goTo, openBrowser, signIn } from './browser.ts'

const SECONDS = 5
const PER_SECOND = 1000

test.serial('the live feed follows a thousand changes a second, and the page stays quick', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await call(server.url, 'PUT', '/busy')
  const { page, complaints } = await openBrowser(t)
  await signIn(page, server.couchette.url)
  await goTo(page, '#/db/busy/changes')
  await page.getByText('Following.').waitFor()
  await page.evaluate(`(() => {
    window.longest = 0
    let before = performance.now()
    const measure = () => {
      const now = performance.now()
      window.longest = Math.max(window.longest, now - before)
      before = now
      requestAnimationFrame(measure)
    }
    requestAnimationFrame(measure)
  })()`)
  for (let batch = 0; batch < SECONDS * 10; batch += 1) {
    const started = performance.now()
    const docs = Array.from({ length: PER_SECOND / 10 }, (_, index) => ({
      _id: `doc-${batch}-${index}`,
      type: index % 2 ? 'odd' : 'even',
    }))
    await call(server.url, 'POST', '/busy/_bulk_docs', { json: { docs } })
    await new Promise(resolve => setTimeout(resolve, Math.max(0, 100 - (performance.now() - started))))
  }
  await page.getByText(`${(SECONDS * PER_SECOND).toLocaleString('en')} changes so far`).waitFor()
  const longest = await page.evaluate<number>('window.longest')
  t.log({ longestFrameMs: Math.round(longest) })
  t.true(longest < 1000, `a frame took ${longest} ms`)

  // Paused, the rows stay; what comes is counted.
  await page.getByRole('button', { name: 'Pause' }).click()
  await call(server.url, 'PUT', '/busy/late', { json: { type: 'odd' } })
  await page.getByText('5,001 changes so far').waitFor()
  t.is(await page.getByRole('link', { name: 'late', exact: true }).count(), 0)
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('link', { name: 'late', exact: true }).waitFor()

  // A selector leaves out what does not match.
  await page.getByLabel('Selector', { exact: true }).fill('{"type": "odd"}')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByText('Following.').waitFor()
  await call(server.url, 'PUT', '/busy/seen', { json: { type: 'odd' } })
  await call(server.url, 'PUT', '/busy/unseen', { json: { type: 'even' } })
  await page.getByRole('link', { name: 'seen', exact: true }).waitFor()
  t.is(await page.getByRole('link', { name: 'unseen', exact: true }).count(), 0)
  t.deepEqual(complaints, [])
})
