import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { call } from '../../helpers/http.ts'
import { startServer } from '../../helpers/server.ts'

const ANN = '/_users/org.couchdb.user:ann'

/** Asks for the session, over one connection that stays open. */
function client(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { hostname, port } = new URL(url)
  const ask = (name: string, password: string): Promise<[status: number, body: string, local: number]> =>
    new Promise((resolve, reject) => {
      const auth = `${name}:${password}`
      request({ agent, hostname, port, path: '/_session', auth }, res => {
        const local = res.socket.localPort ?? 0
        text(res).then(body => resolve([res.statusCode ?? 0, body, local]), reject)
      })
        .on('error', reject)
        .end()
    })
  return { ask, close: () => agent.destroy() }
}

test('what a connection proved holds until the user changes, and for that header only', async t => {
  const server = await startServer({ settings: [{ section: 'chttpd_auth', key: 'iterations', value: '10' }] })
  const { ask, close } = client(server.url)
  const put = (fields: object) =>
    call<{ rev: string }>(server.url, 'PUT', ANN, {
      json: { name: 'ann', type: 'user', roles: [], ...fields },
    })
  try {
    const { rev } = (await put({ password: 'one' })).body
    const [first, again] = [await ask('ann', 'one'), await ask('ann', 'one')]
    t.is(first[0], 200)
    t.is(again[2], first[2], 'the connection is the same')
    t.regex(again[1], /"name":"ann","roles":\[\]/)
    t.is((await ask('ann', 'two'))[0], 401)
    t.regex((await ask('admin', 'pass'))[1], /"name":"admin","roles":\["_admin"\]/)

    await put({ password: 'two', roles: ['new'], _rev: rev })
    t.is((await ask('ann', 'one'))[0], 401)
    t.regex((await ask('ann', 'two'))[1], /"roles":\["new"\]/)

    for (let failure = 0; failure < 5; failure++) await ask('ann', 'wrong')
    const locked = await ask('ann', 'two')
    t.is(locked[0], 403)
    t.is(locked[2], first[2])

    const branches = async (name: string, revs: readonly string[]) => {
      const document = { name, type: 'user', roles: [], password: 'pass', _id: `org.couchdb.user:${name}` }
      const docs = revs.map(_rev => ({ ...document, _rev }))
      await call(server.url, 'POST', '/_users/_bulk_docs', { json: { new_edits: false, docs } })
    }
    await branches('tom', ['1-a'])
    t.is((await ask('tom', 'pass'))[0], 200)
    await branches('tom', ['1-b'])
    t.is((await ask('tom', 'pass'))[0], 401)
    await branches('admin', ['1-a', '1-b'])
    t.is((await ask('admin', 'pass'))[0], 200, 'administrators of the configuration need no document')
  } finally {
    close()
    await server.close()
  }
})
