import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { target } from '../../../../harness/client.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

/** Sends pieces one after the other on a connection, and gives all that came back once it ends. */
async function exchange(url: string, pieces: readonly string[]): Promise<string> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', chunk => (answer += chunk.toString()))
  socket.on('error', () => undefined)
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  if (!socket.closed) await once(socket, 'close')
  return answer
}

function authorization(url: string): string {
  return `Host: x\r\nAuthorization: ${target(url).headers['authorization'] ?? ''}\r\n`
}

/** The status and the body's lines of each answer. */
function answersOf(text: string): [status: string, body: string][] {
  return text
    .split('HTTP/1.1 ')
    .slice(1)
    .map(answer => [answer.slice(0, 3), answer.slice(answer.indexOf('\r\n\r\n') + 4)])
}

test('bytes of UTF-8 in the request line are taken as they are', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const head = authorization(url)
  const body = '{"n":1}'
  const put = `PUT /db/résumé HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const answers = answersOf(
    await exchange(url, [
      `${put}\r\n`,
      body,
      `GET /db/_all_docs?key="résumé" HTTP/1.1\r\n${head}\r\n`,
      `GET /db/_all_docs?limit=0 HTTP/1.1\r\n${head}\r\n`,
      `GET /db/r%C3%A9sum%C3%A9?ü=ß HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
    ]),
  )
  t.deepEqual(
    answers.map(([status]) => status),
    ['201', '200', '200', '200'],
  )
  t.regex(answers[1]?.[1] ?? '', /"id":"résumé"/)
  t.regex(answers[3]?.[1] ?? '', /"n":1/)
  t.is((await call(url, 'GET', '/db/r%C3%A9sum%C3%A9')).body['n'], 1)
})

test(
  'a body that comes with the request line, or much later, belongs to it',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const head = `${authorization(url)}Content-Type: application/json\r\nConnection: close\r\n`
    const text = `{"text":"${'x'.repeat(200_000)}"}`
    const line = (id: string) => `PUT /db/${id} HTTP/1.1\r\n${head}Content-Length: ${text.length}\r\n\r\n`
    t.is(answersOf(await exchange(url, [line('é1') + text]))[0]?.[0], '201')
    t.is(answersOf(await exchange(url, [line('é2'), text.slice(0, 100), text.slice(100)]))[0]?.[0], '201')
    for (const id of ['é1', 'é2'])
      t.is(String((await call(url, 'GET', `/db/${encodeURIComponent(id)}`)).body['text']).length, 200_000)
  },
)

// A second request whose path has raw UTF-8 was refused while the first was answered, and the first lost its answer.
test(
  'requests that do not wait for answers are answered one after the other',
  withServer,
  async (t, { url }) => {
    await call(url, 'PUT', '/db')
    const head = authorization(url)
    const body = '{}'
    const ids = Array.from({ length: 12 }, (_, at) => `é${at}`)
    const puts = ids.map(
      id =>
        `PUT /db/${id} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    const last = `GET /db/é0 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`
    const statuses = [...ids.map(() => '201'), '200']
    t.deepEqual(
      answersOf(await exchange(url, [puts.join('') + last])).map(([status]) => status),
      statuses,
    )
    t.is((await call(url, 'GET', '/db')).body['doc_count'], ids.length)
  },
)

test(
  'what is no HTTP gets an error in JSON, and its connection is closed',
  withServer,
  async (t, { url }) => {
    const refusedBy = async (bytes: string) => {
      const [status, body] = answersOf(await exchange(url, [bytes]))[0] ?? []
      return [status, (JSON.parse(body ?? '{}') as { error: string }).error]
    }
    t.deepEqual(await refusedBy('GET /a b c\r\n\r\n'), ['400', 'bad_request'])
    t.deepEqual(await refusedBy('\x00\x01\x02\r\n\r\n'), ['400', 'bad_request'])
    t.deepEqual(await refusedBy(`GET / HTTP/1.1\r\nX: ${'x'.repeat(400_000)}\r\n\r\n`), [
      '431',
      'request_header_fields_too_large',
    ])
    t.deepEqual(await refusedBy('CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n'), [
      '405',
      'method_not_allowed',
    ])
    const { body } = await call(url, 'GET', '/')
    t.is(body['couchdb'], 'Welcome')
  },
)

test('bytes that are no UTF-8 are refused with an error in JSON', withServer, async (t, { url }) => {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(
    Buffer.from(`GET /db\xe9/x HTTP/1.1\r\n${authorization(url)}Connection: close\r\n\r\n`, 'latin1'),
  )
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  const [status, body] = answersOf(answer)[0] ?? []
  t.regex(status ?? '', /^4/)
  t.is(typeof (JSON.parse(body ?? '{}') as { error?: string }).error, 'string')
})

test('many such requests on one connection leave nothing behind', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const warnings: string[] = []
  const onWarning = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', onWarning)
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', chunk => (answer += String(chunk)))
  for (let at = 0; at < 30; at++) {
    const before = answer.length
    socket.write(`GET /db/é${at} HTTP/1.1\r\n${authorization(url)}\r\n`)
    while (answer.length === before) await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.is(answersOf(answer).filter(([status]) => status === '404').length, 30)
  socket.destroy()
  process.off('warning', onWarning)
  t.deepEqual(warnings, [])
})
