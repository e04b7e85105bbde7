import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { projectFile } from '../../harness/project.ts'
import { PAGE, withReference } from '../helpers/command-reference.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'
import { runCli } from './run-cli.ts'

const README = readFileSync(projectFile('README.md'), 'utf8')

test('docs/command-line.md has every command as the program describes it (npm run docs:commands)', t => {
  const page = readFileSync(PAGE, 'utf8')
  t.is(page, withReference(page))
})

test("the README's tour with the command line works in the order in which it stands", async t => {
  const section = README.slice(
    README.indexOf('## A tour with the command line'),
    README.indexOf('## A tour with curl'),
  )
  const lines = [...section.matchAll(/^ {4}(?!export)(.+)$/gm)].map(([, line = '']) =>
    line.replace(/ +#.*$/, ''),
  )
  t.true(lines.length >= 7)
  const { url, close } = await startServer()
  t.teardown(close)
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  for (const line of lines) {
    const [, piped, command = ''] = /^(?:echo '(.*)' \| )?npx couchette (.*)$/.exec(line) ?? []
    const args = command
      .replaceAll('$COUCHETTE_URL', url)
      .replace('notes.ndjson.gz', join(dir.path, 'notes.ndjson.gz'))
      .split(' ')
    const { code, err } = await runCli(args, {
      env: { COUCHETTE_URL: url },
      input: piped === undefined ? '' : `${piped}\n`,
    })
    // `doctor` may find that the machine which runs the test is busy.
    t.true(code === 0 || (args[0] === 'doctor' && code === 6), `${line}: ${err}`)
  }
})
