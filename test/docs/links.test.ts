import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'ava'
import { ROOT } from '../../harness/project.ts'

/** Folders without documents of ours. */
const SKIPPED = new Set(['node_modules', 'dist', 'data', '.git'])

async function markdownFiles(folder = ROOT): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async entry => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : markdownFiles(path)
      return entry.name.endsWith('.md') ? [path] : []
    }),
  )
  return found.flat()
}

/** Returns a text without blocks and spans of code, which hold no links. */
function withoutCode(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```/gm, '').replace(/`[^`\n]*`/g, '')
}

/** Returns the anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const counts = new Map<string, number>()
  const headings = text.replace(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/^#{1,6} (.+)$/gm)
  return new Set(
    [...headings].map(([, title = '']) => {
      const anchor = title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-')
      const seen = counts.get(anchor) ?? 0
      counts.set(anchor, seen + 1)
      return seen === 0 ? anchor : `${anchor}-${seen}`
    }),
  )
}

function linksIn(text: string): string[] {
  const bare = withoutCode(text)
  const inline = [...bare.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)]
  const defined = [...bare.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)]
  return [...inline, ...defined].map(([, target = '']) => target)
}

test('every link within the documents leads to a file that is there, and to a heading of it', async t => {
  const files = await markdownFiles()
  const texts = new Map(
    await Promise.all(files.map(async file => [file, await readFile(file, 'utf8')] as const)),
  )
  const broken: string[] = []
  let checked = 0
  for (const [file, text] of texts) {
    for (const link of linksIn(text)) {
      if (/^[a-z]+:/i.test(link)) continue
      checked++
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? file : resolve(dirname(file), decodeURIComponent(path))
      const known = texts.get(target)
      const exists = known !== undefined || (await isThere(target))
      const hasAnchor = anchor === undefined || known === undefined || anchorsOf(known).has(anchor)
      if (!exists || !hasAnchor) broken.push(`${relative(ROOT, file)}: ${link}`)
    }
  }
  t.true(checked > 50)
  t.deepEqual(broken, [])
})

test('docs/README.md names every document', async t => {
  const index = await readFile(join(ROOT, 'docs/README.md'), 'utf8')
  const documents = (await readdir(join(ROOT, 'docs'))).filter(
    name => name.endsWith('.md') && name !== 'README.md',
  )
  t.deepEqual(
    documents.filter(name => !index.includes(`](${name})`)),
    [],
  )
})

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () =>
      readdir(path).then(
        () => true,
        () => false,
      ),
  )
}
