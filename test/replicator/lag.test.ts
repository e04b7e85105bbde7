import test from 'ava'
import { ADMIN, startNode } from '../../harness/child-server.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { startServer } from '../helpers/server.ts'
import { tempDir } from '../helpers/temp.ts'

interface Info {
  readonly lag_seconds: number
  readonly last_caught_up: string | null
  readonly source_silent?: { readonly since: string; readonly seconds: number }
}

test('P11: a source that stands still shows in state, metric and lag, and is forgiven when it goes on', async t => {
  const data = await tempDir()
  const source = await startNode(data.path)
  const settings = [{ section: 'couchette', key: 'source_silence_timeout', value: '1000' }]
  const { url, close } = await startServer({ settings })
  t.teardown(async () => {
    process.kill(source.pid, 'SIGCONT')
    await close()
    await source.kill()
    await data.remove()
  })
  await call(source.url, 'PUT', '/from')
  await call(source.url, 'PUT', '/from/a', { json: {} })
  const job = {
    source: `${source.url}/from`,
    target: `${url}/to`,
    create_target: true,
    continuous: true,
    connection_timeout: 3000,
    retries_per_request: 100,
  }
  await call(url, 'PUT', '/_replicator/job', { json: job })
  const info = async (): Promise<Info | null> =>
    (await call<{ info: Info | null }>(url, 'GET', '/_scheduler/docs/_replicator/job')).body.info
  const metrics = async (): Promise<string> =>
    (await call<string>(url, 'GET', '/_node/_local/_prometheus')).body
  await eventually('it is caught up', async () => Boolean((await info())?.last_caught_up))
  await eventually('its heartbeats prove it', async () => ((await info())?.lag_seconds ?? 9) <= 1)
  t.is((await info())?.source_silent, undefined)
  process.kill(source.pid, 'SIGSTOP')
  await eventually('it is silent', async () => (await info())?.source_silent !== undefined)
  await eventually('the lag grows', async () => ((await info())?.lag_seconds ?? 0) >= 3)
  t.regex(await metrics(), /couchdb_replication_source_silent\{.*\} 1/)
  t.notRegex(JSON.stringify(await info()), new RegExp(`:${ADMIN.password}@`))
  process.kill(source.pid, 'SIGCONT')
  await eventually('it answers again', async () => (await info())?.source_silent === undefined)
  await eventually('it is caught up again', async () => ((await info())?.lag_seconds ?? 9) <= 1)
  t.regex(await metrics(), /couchdb_replication_source_silent\{.*\} 0/)
})
