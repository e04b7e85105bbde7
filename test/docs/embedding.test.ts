import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { ROOT } from '../../harness/project.ts'
import { tempDir } from '../helpers/temp.ts'

const run = promisify(execFile)

/** Output of the examples, in their order. */
const PRINTS = [/^listening on http:\/\/127\.0\.0\.1:\d+\n201\n$/, /^200\n$/]

test('the examples of docs/embedding.md run as they stand', async t => {
  const text = await readFile(join(ROOT, 'docs/embedding.md'), 'utf8')
  const examples = [...text.matchAll(/^```js example\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
  t.is(examples.length, PRINTS.length)
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await packageIn(dir.path)
  for (const [at, code] of examples.entries()) {
    const file = join(dir.path, `example-${at}.mjs`)
    await writeFile(file, code)
    const tsx = join(ROOT, 'node_modules/tsx/dist/esm/index.mjs')
    const { stdout } = await run(process.execPath, ['--import', tsx, file], { cwd: dir.path })
    t.regex(stdout, PRINTS[at]!)
  }
})

test('docs/embedding.md names every option and every member of the server', async t => {
  const text = await readFile(join(ROOT, 'docs/embedding.md'), 'utf8')
  for (const file of ['server/start/options.ts', 'server/main.ts']) {
    const source = await readFile(join(ROOT, file), 'utf8')
    const [, body = ''] = /export interface Couchette(?:Options)? \{\n([\s\S]*?)\n\}/.exec(source) ?? []
    const names = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, name = '']) => name)
    t.true(names.length >= 7, file)
    for (const name of names) t.regex(text, new RegExp(`^\\| \`${name}(\\(\\))?\` `, 'm'), name)
  }
})

/** Makes the package importable by its name, from its sources. */
async function packageIn(directory: string): Promise<void> {
  const folder = join(directory, 'node_modules/couchette')
  await mkdir(folder, { recursive: true })
  await symlink(join(ROOT, 'server'), join(folder, 'server'))
  const exports = { '.': './server/main.ts' }
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'couchette', type: 'module', exports }),
  )
}
