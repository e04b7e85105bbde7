import { setTimeout as sleep } from 'node:timers/promises'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeSelfSigned } from '../../../server/tls/self-signed.ts'
import { eventually as within } from '../../helpers/eventually.ts'
import { SmallDisk } from '../../helpers/faults/small-disk.ts'
import { startProxy } from '../../helpers/faulty-proxy.ts'
import { call } from '../../helpers/http.ts'
import { parseSamples, type ParsedSample } from '../../helpers/prometheus.ts'
import { startServer, type RunningServer } from '../../helpers/server.ts'
import { tempDir } from '../../helpers/temp.ts'

/** Waits longer than other tests: machines that run this are busy. */
const eventually = (what: string, holds: () => Promise<boolean>): Promise<void> =>
  within(what, holds, { withinMs: 90_000 })

const METRICS = '/_node/_local/_prometheus'

/** Metrics of a node, and the time at which they were read, in seconds since 1970. */
export interface Scrape {
  readonly samples: readonly ParsedSample[]
  readonly at: number
}

/** Reads the metrics of a node on which all is well: TLS for a year, and a replication that is caught up and verified. */
export async function scrapeHealthyNode(): Promise<Scrape> {
  const dir = await tempDir()
  const server = await startServer({ settings: await tlsFor(dir.path, 365) })
  try {
    await call(server.url, 'PUT', '/from')
    const json = { ...job(server.url, server.url), continuous: true, verify: { interval: 1, repair: true } }
    await call(server.url, 'PUT', '/_replicator/job', { json })
    await eventually(
      'it is caught up',
      async () => (await valueAt(server, 'couchdb_replication_changes_pending')) === 0,
    )
    await eventually(
      'it is verified',
      async () => (await valueAt(server, 'couchette_replicator_verified_timestamp_seconds')) !== undefined,
    )
    return await scrape(server)
  } finally {
    await server.close()
    await dir.remove()
  }
}

/**
 * Reads the metrics of a node in trouble, twice, a while apart: a stalled job, a silent source, a crashing and a failed job,
 * a document that a target refuses, one in conflict, a certificate with five days left, a full disk where one can be mounted, locked names, a late event loop.
 */
export async function scrapeTroubledNode(): Promise<readonly [Scrape, Scrape]> {
  const dir = await tempDir()
  const disk = await SmallDisk.mount('tmpfs', 64)
  const far = await startServer()
  let isSilent = false
  const stalling = await startProxy(far.url, ({ path }) =>
    /_bulk_get/.test(path) ? { kind: 'stall', after: 0 } : undefined,
  )
  const silent = await startProxy(far.url, ({ path }) =>
    isSilent || /_changes/.test(path) ? { kind: 'stall', after: 0 } : undefined,
  )
  const server = await startServer({
    ...(disk === undefined ? {} : { data: join(disk.path, 'data') }),
    settings: [
      ...(await tlsFor(dir.path, 6)),
      { section: 'chttpd_auth', key: 'iterations', value: '10' },
      { section: 'replicator', key: 'stall_timeout', value: '500' },
      { section: 'replicator', key: 'connection_timeout', value: '1000' },
      { section: 'replicator', key: 'retries_per_request', value: '100' },
      { section: 'couchette', key: 'source_silence_timeout', value: '1000' },
    ],
  })
  try {
    await call(far.url, 'PUT', '/from')
    await call(far.url, 'PUT', '/from/a', { json: {} })
    await makeConflict(server)
    const put = (id: string, source: string, members: object = {}) =>
      call(server.url, 'PUT', `/_replicator/${id}`, {
        json: { ...job(source, server.url), target: `${server.url}/${id}`, continuous: true, ...members },
      })
    await put('stalled', stalling.url, { connection_timeout: 60_000 })
    await put('silent', silent.url, { connection_timeout: 3000 })
    await put('crashing', `${far.url}/nowhere`)
    await put('failed', far.url, { _replication_state: 'failed' })
    await refuseDocuments(server, 'diverged')
    await put('diverged', far.url)
    await lockNames(server)
    await eventually(
      'a job has diverged',
      async () => (await valueAt(server, 'couchette_replicator_divergence', 'diverged')) === 1,
    )
    await eventually(
      'a job is stalled',
      async () => (await valueAt(server, 'couchdb_replication_stalled', 'stalled')) === 1,
    )
    await disk?.fill(4096)
    isSilent = true
    await eventually(
      'a source is silent',
      async () => (await valueAt(server, 'couchdb_replication_source_silent', 'silent')) === 1,
    )
    const first = await scrape(server)
    await eventually('the lag grows', async () => {
      const lag = await valueAt(server, 'couchdb_replication_lag_seconds', 'silent')
      return (lag ?? 0) > lagOf(first, 'silent') + 1
    })
    await blockEventLoop()
    return [first, await scrape(server)]
  } finally {
    await disk?.free()
    await server.close()
    await Promise.all([stalling.close(), silent.close()])
    await far.close()
    await disk?.release()
    await dir.remove()
  }
}

function job(source: string, target: string) {
  return { source: `${source}/from`, target: `${target}/to`, create_target: true }
}

async function tlsFor(directory: string, days: number) {
  const { key, cert } = await makeSelfSigned(['localhost'], { days })
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  await writeFile(keyFile, key, { mode: 0o600 })
  await writeFile(certFile, cert)
  const ssl = { enable: 'true', port: '0', cert_file: certFile, key_file: keyFile }
  return Object.entries(ssl).map(([name, value]) => ({ section: 'ssl', key: name, value }))
}

/** Writes two revisions of one document that do not descend from each other, as two nodes do. */
async function makeConflict({ url }: RunningServer): Promise<void> {
  await call(url, 'PUT', '/carts')
  const docs = ['1-aaa', '1-bbb'].map(_rev => ({ _id: 'cart', _rev }))
  await call(url, 'POST', '/carts/_bulk_docs', { json: { docs, new_edits: false } })
}

/** Makes a database that refuses all documents that come. */
async function refuseDocuments({ url }: RunningServer, database: string): Promise<void> {
  await call(url, 'PUT', `/${database}`)
  const json = { validate_doc_update: "function () { throw { forbidden: 'no' } }" }
  await call(url, 'PUT', `/${database}/_design/refuse`, { json })
}

/** Guesses passwords of four names until each is locked. */
async function lockNames({ url }: RunningServer): Promise<void> {
  const names = ['amy', 'ben', 'cid', 'dot']
  for (const name of names) {
    const json = { name, type: 'user', roles: [], password: 'secret' }
    await call(url, 'PUT', `/_users/org.couchdb.user:${name}`, { json })
    const wrong = url.replace(/\/\/.*@/, `//${name}:wrong@`)
    for (let guess = 0; guess < 5; guess++) await call(wrong, 'GET', '/_session')
  }
}

/** Keeps the event loop of this process, in which the server runs, from turning: for so long, and so often, that it is in p99. */
async function blockEventLoop(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    const until = Date.now() + 400
    while (Date.now() < until);
    await sleep(30)
  }
}

async function scrape({ url }: RunningServer): Promise<Scrape> {
  const at = Date.now() / 1000
  return { samples: parseSamples((await call<string>(url, 'GET', METRICS)).body), at }
}

/** Returns the value of a metric, of a job where a document is named. */
async function valueAt(server: RunningServer, name: string, document?: string): Promise<number | undefined> {
  return find(await scrape(server), name, document)
}

function lagOf(scraped: Scrape, document: string): number {
  return find(scraped, 'couchdb_replication_lag_seconds', document) ?? 0
}

function find({ samples }: Scrape, name: string, document?: string): number | undefined {
  const doc = document === undefined ? undefined : `_replicator/${document}`
  return samples.find(sample => sample.name === name && (doc === undefined || sample.labels.doc === doc))
    ?.value
}
