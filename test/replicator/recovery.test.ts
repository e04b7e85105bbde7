import test from 'ava'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN, startScript } from '../../harness/child-server.ts'
import type { ChildServer } from '../../harness/child-server.ts'
import { createServer } from '../../server/main.ts'
import type { Couchette } from '../../server/main.ts'
import { eventually } from '../helpers/eventually.ts'
import { call } from '../helpers/http.ts'
import { converged, fill } from '../helpers/replication.ts'
import { startServer } from '../helpers/server.ts'
import type { RunningServer } from '../helpers/server.ts'
import { freePort } from '../../harness/free-port.ts'
import { tempDir } from '../helpers/temp.ts'

const FAST = {
  crash_backoff: '200',
  connection_timeout: '3000',
  checkpoint_interval: '200',
  retries_per_request: '2',
}
const SETTINGS = [
  ...Object.entries(FAST).map(([key, value]) => ({ section: 'replicator', key, value })),
  // Jobs that are so hasty would be locked out by their old passwords.
  { section: 'chttpd_auth_lockout', key: 'mode', value: 'off' },
]

let node: RunningServer

test.before(async () => {
  node = await startServer({ settings: SETTINGS })
})

test.after.always(() => node.close())

/** A server whose data outlive it, always on the same port. */
class Peer {
  readonly url: string
  readonly #data: string
  readonly #port: number
  #couchette: Couchette | undefined

  private constructor(data: string, port: number) {
    this.url = `http://${ADMIN.name}:${ADMIN.password}@127.0.0.1:${port}`
    this.#data = data
    this.#port = port
  }

  static async start(): Promise<Peer> {
    const peer = new Peer((await tempDir()).path, await freePort())
    await peer.start()
    return peer
  }

  async start(): Promise<void> {
    this.#couchette = await createServer({
      data: this.#data,
      port: this.#port,
      admin: ADMIN,
      logLevel: 'silent',
      settings: SETTINGS,
    })
  }

  async stop(): Promise<void> {
    await this.#couchette?.close()
  }

  async backUp(): Promise<void> {
    await cp(this.#data, `${this.#data}-backup`, { recursive: true })
  }

  async restore(): Promise<void> {
    await rm(this.#data, { recursive: true })
    await cp(`${this.#data}-backup`, this.#data, { recursive: true })
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.#data, { recursive: true, force: true })
    await rm(`${this.#data}-backup`, { recursive: true, force: true })
  }
}

async function addJob(base: string, id: string, source: string, target: string): Promise<void> {
  await call(base, 'PUT', `/_replicator/${id}`, { json: { source, target, continuous: true } })
}

async function write(base: string, database: string, prefix: string, count = 20): Promise<void> {
  const docs = Array.from({ length: count }, (_, n) => ({ _id: `${prefix}-${n}`, n }))
  await call(base, 'POST', `/${database}/_bulk_docs`, { json: { docs } })
}

for (const side of ['source', 'target'] as const) {
  test(`a job goes on when its ${side} was restarted, and when it was restored from an older backup`, async t => {
    const peer = await Peer.start()
    const name = `restarted-${side}`
    const [from, to] = side === 'source' ? [peer.url, node.url] : [node.url, peer.url]
    try {
      await fill(from, name, 50)
      await call(to, 'PUT', `/${name}`)
      await addJob(node.url, name, `${from}/${name}`, `${to}/${name}`)
      await converged(from, to, name)
      await sleep(500)
      await peer.stop()
      await peer.backUp()
      await peer.start()
      await write(from, name, 'after-restart')
      await converged(from, to, name)
      await sleep(500)
      await peer.stop()
      await peer.restore()
      await peer.start()
      await write(from, name, 'after-restore')
      if (side === 'target') await converged(from, to, name)
      else {
        await eventually('what was written after the restore has arrived', async () => {
          return (await call(to, 'GET', `/${name}/after-restore-19`)).status === 200
        })
      }
      t.pass()
    } finally {
      await peer.close()
    }
  })

  for (const where of ['local', 'remote'] as const) {
    test(`a job starts over when its ${where} ${side} was deleted and made again`, async t => {
      const peer = await Peer.start()
      const name = `again-${side}-${where}`
      const isPeer = (where === 'remote') === (side === 'source')
      const [from, to] = isPeer ? [peer.url, node.url] : [node.url, peer.url]
      const again = side === 'source' ? from : to
      try {
        await fill(from, name, 50)
        await call(to, 'PUT', `/${name}`)
        await addJob(node.url, name, `${from}/${name}`, `${to}/${name}`)
        await converged(from, to, name)
        // Those of peers are told apart by the second they were made in.
        if (where === 'remote') await sleep(1100)
        await call(again, 'DELETE', `/${name}`)
        await call(again, 'PUT', `/${name}`)
        await write(from, name, 'new')
        if (side === 'target') await converged(from, to, name)
        else {
          await eventually('the new documents have arrived', async () => {
            return (await call(to, 'GET', `/${name}/new-19`)).status === 200
          })
        }
        t.pass()
      } finally {
        await peer.close()
      }
    })
  }
}

test('a job whose password was changed says so, and goes on with the new one', async t => {
  const peer = await Peer.start()
  const name = 'password'
  const bob = '/_users/org.couchdb.user:bob'
  try {
    await fill(peer.url, name, 10)
    await call(node.url, 'PUT', `/${name}`)
    await call(peer.url, 'PUT', `/${name}/_security`, {
      json: { admins: { names: ['bob'] }, members: { names: ['bob'] } },
    })
    const user = { name: 'bob', roles: [], type: 'user', password: 'first' }
    await call(peer.url, 'PUT', bob, { json: user })
    const source = (password: string): string =>
      `${peer.url.replace(/\/\/[^@]*@/, `//bob:${password}@`)}/${name}`
    await addJob(node.url, name, source('first'), `${node.url}/${name}`)
    await converged(peer.url, node.url, name)
    const { body: stored } = await call(peer.url, 'GET', bob)
    await call(peer.url, 'PUT', bob, { json: { ...user, _rev: stored._rev, password: 'second' } })
    await peer.stop()
    await peer.start()
    await write(peer.url, name, 'later')
    await eventually('the job says that its login was refused', async () => {
      const { body } = await call(node.url, 'GET', `/_scheduler/docs/_replicator/${name}`)
      return JSON.stringify(body.info).includes('replication_auth_error')
    })
    const { body } = await call(node.url, 'GET', `/_replicator/${name}`)
    await call(node.url, 'PUT', `/_replicator/${name}`, { json: { ...body, source: source('second') } })
    await converged(peer.url, node.url, name)
    t.pass()
  } finally {
    await peer.close()
  }
})

test('kill -9 at random moments while both sides are written to loses nothing', async t => {
  const dir = await tempDir()
  const port = await freePort()
  const killed = `http://${ADMIN.name}:${ADMIN.password}@127.0.0.1:${port}`
  const ini = Object.entries(FAST).map(([key, value]) => `${key} = ${value}`)
  await writeFile(join(dir.path, 'local.ini'), ['[replicator]', ...ini, ''].join('\n'))
  const env = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
  const start = (): Promise<ChildServer> =>
    startScript('cli/main', ['--port', String(port), '--data', dir.path], env)
  let server = await start()
  let writing = true
  const acknowledged = { here: new Set<string>(), there: new Set<string>() }
  const writer = async (base: string, side: keyof typeof acknowledged): Promise<void> => {
    for (let n = 0; writing; n++) {
      const id = `${side}-${n}`
      const answer = await call(base, 'PUT', `/killed/${id}`, { json: { n } }).catch(() => undefined)
      if (answer?.status === 201) acknowledged[side].add(id)
      await sleep(5)
    }
  }
  try {
    for (const base of [killed, node.url]) await call(base, 'PUT', '/killed')
    await addJob(killed, 'push', `${killed}/killed`, `${node.url}/killed`)
    await addJob(killed, 'pull', `${node.url}/killed`, `${killed}/killed`)
    const writers = [writer(killed, 'here'), writer(node.url, 'there')]
    for (let round = 0; round < 4; round++) {
      await sleep(300 + Math.random() * 700)
      await server.kill()
      server = await start()
    }
    writing = false
    await Promise.all(writers)
    await converged(killed, node.url, 'killed')
    for (const base of [killed, node.url]) {
      const { body } = await call<{ results: { id: string }[] }>(base, 'GET', '/killed/_changes')
      const ids = body.results.map(({ id }) => id)
      t.is(new Set(ids).size, ids.length)
      for (const id of [...acknowledged.here, ...acknowledged.there]) t.true(ids.includes(id))
    }
    t.true(acknowledged.here.size > 0 && acknowledged.there.size > 0)
  } finally {
    writing = false
    await server.kill()
    await dir.remove()
  }
})
