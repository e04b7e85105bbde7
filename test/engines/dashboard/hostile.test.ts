import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'
import { goTo, openBrowser, signIn } from './browser.ts'

const SCRIPT = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>'
const IDS = [
  SCRIPT,
  'javascript:alert(1)',
  '../../_utils/evil',
  'a/b?c=d#e&f',
  '%2F%00',
  '" onmouseover="window.attacked=1',
  '${7*7}{{7*7}}',
  '\u202etxt.exe',
  'ю'.repeat(300),
]

test.serial('ids, members and names with markup stay text, on every view that shows them', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  const { url } = server
  await call(url, 'PUT', '/hostile')
  const docs = IDS.map(id => ({ _id: id, [SCRIPT]: SCRIPT, html: SCRIPT }))
  await call(url, 'POST', '/hostile/_bulk_docs', { json: { docs } })
  const { page, complaints } = await openBrowser(t)
  await signIn(page, server.couchette.url)
  for (const fragment of ['docs?bodies=true', 'changes?since=0&docs=true', 'query']) {
    await goTo(page, `#/db/hostile/${fragment}`)
    if (fragment === 'query') await page.getByRole('button', { name: 'Run query' }).click()
    for (const id of IDS) await page.getByRole('link', { name: id, exact: true }).waitFor()
  }
  for (const id of IDS) {
    for (const view of ['', '/revisions', '/conflicts', '/attachments']) {
      await goTo(page, `#/db/hostile/doc/${encodeURIComponent(id)}${view}`)
      t.is(await page.getByRole('heading', { level: 1 }).textContent(), id)
    }
    await goTo(page, `#/db/hostile/doc/${encodeURIComponent(id)}`)
    await page.locator('.cm-content').waitFor()
    t.true((await page.locator('.cm-content').innerText()).includes('window.attacked'))
  }
  t.is(await page.evaluate('window.attacked'), undefined)
  t.deepEqual(complaints, [])
})

test.serial(
  'attachments that are pages run nothing, neither in the dashboard nor when they are opened',
  async t => {
    const server = await startServer({ memory: true })
    t.teardown(server.close)
    const { url } = server
    const evil =
      '<script>window.attacked=1;fetch("/_all_dbs").then(r=>document.title="stolen "+r.status)</script>hello'
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>window.attacked=1</script></svg>`
    await call(url, 'PUT', '/hostile')
    const data = (text: string) => Buffer.from(text).toString('base64')
    const name = '<b onclick="window.attacked=1">page</b>.html'
    await call(url, 'PUT', '/hostile/doc', {
      json: {
        _attachments: {
          [name]: { content_type: 'text/html', data: data(evil) },
          'picture.svg': { content_type: 'image/svg+xml', data: data(svg) },
          'lying.png': { content_type: 'image/png', data: data(evil) },
        },
      },
    })
    const { page, context, complaints } = await openBrowser(t)
    await signIn(page, server.couchette.url)
    await goTo(page, '#/db/hostile/doc/doc/attachments')
    for (const attachment of [name, 'picture.svg', 'lying.png']) {
      await page.locator('tr', { hasText: attachment }).getByRole('button', { name: 'Preview' }).click()
      await page.getByRole('region', { name: `Preview of ${attachment}` }).waitFor()
      await page.waitForTimeout(300)
    }
    t.is(await page.evaluate('window.attacked'), undefined)

    const opened = await context.newPage()
    for (const attachment of [name, 'picture.svg']) {
      const response = await opened.goto(
        `${server.couchette.url}/hostile/doc/${encodeURIComponent(attachment)}`,
      )
      t.is(response?.headers()['content-security-policy'], 'sandbox')
      t.is(response?.headers()['x-content-type-options'], 'nosniff')
      await opened.waitForTimeout(300)
      t.notRegex(await opened.title(), /stolen/)
    }
    t.deepEqual(complaints, [])
  },
)

test.serial('another origin can neither frame the dashboard nor write with its session', async t => {
  const server = await startServer({ memory: true })
  t.teardown(server.close)
  await call(server.url, 'PUT', '/orders')
  const { createServer } = await import('node:http')
  const base = server.couchette.url
  const attack = `<iframe src="${base}/_utils/"></iframe>
    <form id="f" method="post" enctype="text/plain" action="${base}/orders"><input name='{"evil":true,"x":"' value='"}'></form>`
  const attacker = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end(attack),
  )
  await new Promise<void>(resolve => attacker.listen(0, '127.0.0.1', resolve))
  t.teardown(() => attacker.close())
  const { page, context } = await openBrowser(t)
  await signIn(page, base)
  const evil = await context.newPage()
  const { port } = attacker.address() as { port: number }
  // The same host under another name is another site to a browser.
  await evil.goto(`http://localhost:${port}/`)
  await evil.waitForTimeout(500)
  t.is(await evil.frames()[1]?.locator('#app').count(), 0)
  await Promise.all([
    // The refusal, or the page to sign in at: the session's cookie does not come with the form.
    evil.waitForURL(({ href }) => href.startsWith(`${base}/`)),
    evil.evaluate('document.getElementById("f").submit()'),
  ])
  const status = await evil.evaluate<string>('document.body.innerText')
  t.notRegex(status, /"ok":true/)
  const { body } = await call<{ doc_count: number }>(server.url, 'GET', '/orders')
  t.is(body.doc_count, 0)
})
