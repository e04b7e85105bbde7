import fc from 'fast-check'
import test from 'ava'
import { createServer } from '../../server/main.ts'
import { call } from '../helpers/http.ts'
import { tempDir } from '../helpers/temp.ts'
import { commands, type System } from './commands.ts'
import { DESIGN } from './compare.ts'
import { PlainModel } from './plain-model.ts'

const ADMIN = { name: 'admin', password: 'pass' }

/** Runs of the normal tests; MODEL_RUNS sets another number, MODEL_SEED repeats one. */
const RUNS = Number(process.env.MODEL_RUNS ?? 6)
const COMMANDS = 25

async function startSystem(data: string): Promise<System & { close(): Promise<void> }> {
  const settings = [{ section: 'couchdb', key: 'os_process_timeout', value: '60000' }]
  const start = () => createServer({ data, port: 0, admin: ADMIN, logLevel: 'silent', settings })
  let server = await start()
  return {
    get url() {
      return server.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`)
    },
    restart: async () => {
      await server.close()
      server = await start()
    },
    close: () => server.close(),
  }
}

test('a server and a plain model of CouchDB agree after each of any commands, over restarts', async t => {
  t.timeout(10 * 60_000)
  const property = fc.asyncProperty(commands(COMMANDS), async steps => {
    const dir = await tempDir()
    const system = await startSystem(dir.path)
    try {
      await call(system.url, 'PUT', '/db')
      await call(system.url, 'PUT', '/db/_design/by', { json: DESIGN })
      await fc.asyncModelRun(() => ({ model: new PlainModel(), real: system }), steps)
    } finally {
      await system.close()
      await dir.remove()
    }
  })
  const seed = process.env.MODEL_SEED === undefined ? {} : { seed: Number(process.env.MODEL_SEED) }
  // A failure is told with its commands and its seed.
  await fc.assert(property, {
    numRuns: RUNS,
    includeErrorInReport: true,
    endOnFailure: process.env.MODEL_SEED === undefined,
    ...seed,
  })
  t.pass()
})
