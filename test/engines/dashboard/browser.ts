import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** Debian's; another one may be named. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Browser {
  readonly page: Page
  readonly context: BrowserContext
  /** Complaints of the page: errors of scripts, and what its policy has blocked. */
  readonly complaints: string[]
}

/** Opens a browser with an empty profile; it is closed when the test is over. Fails where there is no Chromium. */
export async function openBrowser(t: ExecutionContext): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`There is no Chromium at ${CHROMIUM}: apt-get install chromium`)
  const profile = await mkdtemp(join(tmpdir(), 'couchette-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 1280, height: 860 },
    timezoneId: 'Europe/Berlin',
    acceptDownloads: true,
  })
  t.teardown(async () => {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  })
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    const text = message.text()
    // Answers of 4xx are what the page asks for when it finds out what a node offers.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
  })
  return { page, context, complaints }
}

/** @param base the node's URL without credentials */
export async function signIn(page: Page, base: string, name = 'admin', password = 'pass'): Promise<void> {
  await page.goto(`${base}/_utils/`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('nav[aria-label="Sections"]').waitFor({ state: 'attached' })
}

/** Goes to a view of the dashboard without loading the page again. */
export async function goTo(page: Page, fragment: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`)
}

/** Replaces the text of an editor, as somebody does who types. */
export async function fillEditor(page: Page, label: string, text: string): Promise<void> {
  const editor = page.locator(`.cm-content[aria-label="${label}"]`)
  await editor.click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface AxeResult {
  readonly violations: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[]
}

/** The violations of WCAG 2.1 A and AA that axe-core finds in a page, a line each. */
export async function axeViolations({ page, context }: Browser): Promise<string[]> {
  const session = await context.newCDPSession(page)
  // The page's policy forbids scripts that are not its own; the debugger's are none of its business.
  await session.send('Page.setBypassCSP', { enabled: true })
  const { readFile } = await import('node:fs/promises')
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') })
  const expression = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })`
  const { result } = await session.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
  })
  await session.detach()
  return (result.value as AxeResult).violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} — ${failureSummary.replace(/\s+/g, ' ').slice(0, 240)}`,
    ),
  )
}
