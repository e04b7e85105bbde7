import test from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { AcknowledgedWrites, untilUp } from '../../helpers/faults/acknowledged.ts'
import { faultyDirectory } from '../../helpers/faults/disk-faults.ts'
import { ContinuousFeed } from '../../helpers/feed.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'

const DESIGN = {
  views: { n: { map: 'function (doc) { emit(doc._id, 1) }', reduce: '_count' } },
  validate_doc_update: 'function (doc) { if (doc.bad) throw { forbidden: "bad" } }',
}

test('feeds, views, validation, jobs and attachments go on over a store that is opened again', async t => {
  t.timeout(6 * 60_000)
  const disk = await faultyDirectory(t)
  if (disk === undefined) return
  const { faults } = disk
  // On a busy machine a job crashes in each round, and would wait for eight times the 30 seconds.
  const server = await spawnServer(`${disk.path}/data`, faults.env, [
    '--set',
    'replicator/crash_backoff=5000',
  ])
  const { url } = server
  const docCount = async (database: string) =>
    (await call<{ doc_count: number }>(url, 'GET', `/${database}`)).body.doc_count
  const inView = async () =>
    (await call<{ rows: { value: number }[] }>(url, 'GET', '/db/_design/d/_view/n')).body.rows[0]?.value
  const replicate = (id: string, target: string) =>
    call(url, 'PUT', `/_replicator/${id}`, {
      json: { source: `${url}/db`, target: `${url}/${target}`, create_target: true, continuous: true },
    })
  try {
    const writes = new AcknowledgedWrites(() => url, 'db')
    await writes.create()
    await call(url, 'PUT', '/db/_design/d', { json: DESIGN })
    await writes.write(20)
    t.is(await inView(), 20)
    t.is((await replicate('before', 'copy')).status, 201)
    await eventually('the copy is whole', async () => (await docCount('copy')) === 21)
    const feed = await ContinuousFeed.open(url, '/db/_changes?feed=continuous&heartbeat=10000')
    await feed.untilRows(21)

    for (let round = 0; round < 3; round++) {
      await faults.fail('sync', '.log', { count: -1 })
      t.is((await writes.write(5)).status, 503)
      t.is((await call(url, 'PUT', '/unborn')).status, 503)
      await faults.clear()
      await untilUp(url, 200)
      t.is((await writes.write(5)).status, 201)
    }

    t.is((await call(url, 'PUT', '/db/x', { json: { bad: true } })).status, 403, 'validation holds')
    const attachment = { raw: Buffer.alloc(100_000, 1), headers: { 'content-type': 'image/png' } }
    t.is((await call(url, 'PUT', '/db/file/a', attachment)).status, 201)
    t.is((await call(url, 'GET', '/db/file/a')).status, 200)
    const count = await docCount('db')
    t.is(await inView(), count - 1, 'the view counts what is there')
    t.false(feed.ended, 'the feed goes on')
    await eventually(
      'the feed has every document',
      () => new Set(feed.rows.map(({ id }) => id)).size === count,
    )
    const seqs = feed.rows.map(({ seq }) => parseInt(seq, 10))
    t.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    )
    await eventually('the job goes on', async () => (await docCount('copy')) === count, {
      withinMs: 120_000,
    }).catch(async (error: unknown) => {
      t.log((await call(url, 'GET', '/_scheduler/jobs')).body)
      throw error
    })
    t.is((await replicate('after', 'second')).status, 201)
    const whole = async () => {
      const { status, body } = await call<{ doc_count: number }>(url, 'GET', '/second')
      return status === 200 && body.doc_count === count
    }
    await eventually('a new job runs', whole, { withinMs: 60_000 })
    await writes.verify(t)
    feed.close()
  } finally {
    await server.kill()
  }
})
