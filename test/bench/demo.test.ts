import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { program } from '../../harness/project.ts'

const DEMO = program('bench/demo')

test('the demo ends in agreement', async t => {
  const demo = spawn(process.execPath, [...DEMO, '--documents', '600'])
  const [said, complained, code] = await Promise.all([text(demo.stdout), text(demo.stderr), exitCode(demo)])
  t.is(code, 0, `${said}\n${complained}`)
  t.regex(said, /✓ all leaves of [\d,]+ documents agree/)
})

async function exitCode(child: ChildProcess): Promise<unknown> {
  const values: unknown[] = await once(child, 'exit')
  return values[0]
}
