import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { program } from '../../../harness/project.ts'
import { call } from '../../helpers/http.ts'
import { rawStatus } from '../../helpers/raw-request.ts'
import { tempDir } from '../../helpers/temp.ts'

test('a request whose body breaks off is answered and not logged, let alone with its credentials', async t => {
  const dir = await tempDir()
  const args = [...program('cli/main'), '--port', '0', '--data', dir.path, '--admin', 'a:secret']
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const logged = text(server.stderr)
  try {
    const [said] = (await once(server.stdout, 'data')) as [Buffer]
    const url = /http:\S+/.exec(said.toString())?.[0] ?? ''
    const base = url.replace('//', '//a:secret@')
    await call(base, 'PUT', '/db')
    const credentials = Buffer.from('a:secret').toString('base64')
    const head = `PUT /db/doc/file HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${credentials}\r\n`
    const status = await rawStatus(
      Number(new URL(url).port),
      `${head}Transfer-Encoding: chunked\r\n\r\nno chunk\r\n`,
    )
    t.is(status, 400)
    t.is((await call(base, 'GET', '/db/doc')).status, 404)
    await sleep(100)
  } finally {
    server.kill()
    await once(server, 'exit')
    await dir.remove()
  }
  t.is(await logged, '')
})
