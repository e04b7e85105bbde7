import test from 'ava'
import { ADMIN } from '../../../harness/child-server.ts'
import { createServer } from '../../../server/main.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { tempDir } from '../../helpers/temp.ts'

interface Updates {
  readonly results: readonly { readonly db_name: string; readonly type: string; readonly seq: string }[]
  readonly last_seq: string
}

test('events come in order, each kind of a database once at its latest, and outlive a restart', async t => {
  const dir = await tempDir()
  const start = () => createServer({ data: dir.path, port: 0, admin: ADMIN, logLevel: 'silent' })
  const admin = (url: string) => url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`)
  let server = await start()
  try {
    const told = async (since = '0') => {
      const { body } = await call<Updates>(admin(server.url), 'GET', `/_db_updates?since=${since}`)
      return body.results.filter(({ db_name }) => !db_name.startsWith('_'))
    }
    const { body } = await call<Updates>(admin(server.url), 'GET', '/_db_updates?since=now')
    await call(admin(server.url), 'PUT', '/one')
    await call(admin(server.url), 'PUT', '/one/a', { json: {} })
    await call(admin(server.url), 'PUT', '/one/b', { json: {} })
    await eventually('the update', async () => (await told()).some(({ type }) => type === 'updated'))
    await call(admin(server.url), 'DELETE', '/one')
    await eventually('the deletion', async () => (await told()).some(({ type }) => type === 'deleted'))
    await call(admin(server.url), 'PUT', '/one')
    await eventually('the second creation', async () => (await told()).at(-1)?.type === 'created')
    const before = await told(body.last_seq)
    t.deepEqual(
      before.map(({ type }) => type),
      ['updated', 'deleted', 'created'],
    )
    await server.close()
    server = await start()
    t.deepEqual(await told(body.last_seq), before)
  } finally {
    await server.close()
    await dir.remove()
  }
})
