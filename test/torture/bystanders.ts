import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../helpers/http.ts'
import { type DatabaseModel, numberOf } from './model.ts'
import { below, pick } from './random.ts'
import { expect, type Work, type Worker } from './writers.ts'

export interface ChangesRow {
  readonly seq: string
  readonly id: string
  readonly deleted?: boolean
  readonly changes: readonly { readonly rev: string }[]
  readonly doc?: { readonly tag?: string; readonly _attachments?: object }
}

export interface Changes {
  readonly results: readonly ChangesRow[]
  readonly last_seq: string
}

const DESIGN = {
  views: {
    by_type: { map: 'function (doc) { emit(doc.type, doc.value) }', reduce: '_sum' },
    by_tag: { map: 'function (doc) { if (doc.tag) emit(doc.tag, null) }' },
  },
}

/** The target of a replication of each database. */
export const mirrorOf = (name: string): string => `${name}-mirror`

/** Makes the databases, a view, an index and a continuous replication that the load works with. */
export async function prepare(url: string, databases: readonly DatabaseModel[]): Promise<void> {
  const { origin, username, password } = new URL(url)
  const end = (name: string) => ({ url: `${origin}/${name}`, auth: { basic: { username, password } } })
  await call(url, 'PUT', '/_replicator')
  await call(url, 'PUT', '/_users')
  for (const { name } of databases) {
    expect((await call(url, 'PUT', `/${name}`)).status, 201, 'PUT of a database', name)
    expect((await call(url, 'PUT', `/${mirrorOf(name)}`)).status, 201, 'PUT of a database', name)
    expect((await call(url, 'PUT', `/${name}/_design/d`, { json: DESIGN })).status, 201, 'PUT', name)
    const index = await call(url, 'POST', `/${name}/_index`, {
      json: { index: { fields: ['value'] }, ddoc: 'by-value', name: 'by-value' },
    })
    expect(index.status, 200, '_index', index.body)
  }
  // The port changes with every start, so the continuous job is replaced by each.
  for (const { name } of databases.slice(0, 1)) {
    const path = `/_replicator/${name}`
    const job = { source: end(name), target: end(mirrorOf(name)), continuous: true }
    const { status, body } = await call(url, 'PUT', path, { json: job })
    expect(status, 201, 'PUT of a job', body)
  }
}

/** Points the continuous job at the address at which the server is now. */
export async function redirectJob(url: string, { name }: DatabaseModel): Promise<void> {
  const { origin, username, password } = new URL(url)
  const end = (database: string) => ({
    url: `${origin}/${database}`,
    auth: { basic: { username, password } },
  })
  const path = `/_replicator/${name}`
  const { body } = await call<{ _rev: string }>(url, 'GET', path)
  const job = { _rev: body._rev, source: end(name), target: end(mirrorOf(name)), continuous: true }
  const { status } = await call(url, 'PUT', path, { json: job })
  expect(status, 201, 'PUT of a job', job)
}

/** Builds views and indexes by reading them. */
export function reader({ url, random }: Work, { name }: DatabaseModel): Worker {
  return {
    name: 'queries',
    async turn() {
      const path = pick(random, ['by_type?group=true', 'by_tag?limit=5', 'by_type?reduce=false&limit=5'])
      const view = await call(url, 'GET', `/${name}/_design/d/_view/${path}`)
      expect(view.status, 200, 'view', view.body)
      const find = await call(url, 'POST', `/${name}/_find`, { json: { selector: { value: 7 } } })
      expect(find.status, 200, '_find', find.body)
    },
  }
}

export function compactor({ url, random }: Work, { name }: DatabaseModel): Worker {
  return {
    name: 'compaction',
    async turn() {
      const path = pick(random, ['_compact', '_compact/d', '_view_cleanup'])
      const { status, body } = await call(url, 'POST', `/${name}/${path}`, { json: {} })
      expect(status, 202, path, body)
      await sleep(below(random, 200))
    },
  }
}

/** Replicates a database in single runs, one after the other. */
export function replicator({ url }: Work, { name }: DatabaseModel): Worker {
  const { origin, username, password } = new URL(url)
  const end = (database: string) => ({
    url: `${origin}/${database}`,
    auth: { basic: { username, password } },
  })
  return {
    name: 'replication',
    async turn() {
      const json = { source: end(name), target: end(mirrorOf(name)) }
      const { status, body } = await call(url, 'POST', '/_replicate', { json })
      expect(status, 200, '_replicate', body)
    },
  }
}

/** Follows a feed with a sequence that it holds over restarts. */
export function follower({ url }: Work, database: DatabaseModel): Worker {
  return {
    name: 'feed',
    async turn() {
      const { since } = database.follower
      const query = `feed=longpoll&timeout=1000&limit=200&since=${encodeURIComponent(since)}`
      const { status, body } = await call<Changes>(url, 'GET', `/${database.name}/_changes?${query}`)
      expect(status, 200, '_changes', body)
      follow(database, body)
    },
  }
}

/** Takes in what a reader that held `follower.since` was given. */
export function follow({ name, follower, sequences }: DatabaseModel, { results, last_seq }: Changes): void {
  for (const { seq, id, changes } of results) {
    const number = numberOf(seq)
    const given = `${id}@${changes[0]?.rev}`
    if (number <= numberOf(follower.since)) throw new Error(`${name}: ${seq} comes after ${follower.since}`)
    const before = sequences.get(number)
    if (before !== undefined && before !== given)
      throw new Error(`${name}: sequence ${number} was ${before} and is ${given}`)
    sequences.set(number, given)
    follower.winners.set(id, changes[0]?.rev ?? '')
    follower.since = seq
  }
  if (numberOf(last_seq) < numberOf(follower.since))
    throw new Error(`${name}: last_seq ${last_seq} is behind ${follower.since}`)
  follower.since = last_seq
}
