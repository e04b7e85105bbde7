import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { TEST_THREADS, THREAD_SETTINGS } from '../../harness/test-threads.ts'
import { parseOverride } from '../../server/config/overrides.ts'
import { type Couchette, createServer } from '../../server/main.ts'
import { type Answer, call, type CallOptions } from './http.ts'
import { SLOW_FUNCTIONS } from './server.ts'

export interface SecuredServer {
  readonly server: Couchette
  readonly data: string
  /** A request as `name:password`, or nobody. */
  readonly as: <Body = Record<string, unknown>>(who: string | undefined) => Caller<Body>
  /** A request of the administrator. */
  readonly admin: <Body = Record<string, unknown>>(
    method: string,
    path: string,
    options?: CallOptions,
  ) => Promise<Answer<Body>>
}

type Caller<Body> = (method: string, path: string, options?: CallOptions) => Promise<Answer<Body>>

export const ADMIN = 'admin:pass'

/** Starts a server with an administrator, with cheap password hashes; it is closed when the test is over. */
export async function securedServer(t: ExecutionContext, ...settings: string[]): Promise<SecuredServer> {
  const data = await mkdtemp(join(tmpdir(), 'couchette-secured-'))
  const overrides = ['chttpd_auth/iterations=10', ...settings].map(text => parseOverride(text))
  const server = await createServer({
    data,
    port: 0,
    // Threads share a store on disk alone.
    memory: TEST_THREADS === 1,
    logLevel: 'silent',
    admin: { name: 'admin', password: 'pass' },
    settings: [...THREAD_SETTINGS, SLOW_FUNCTIONS, ...overrides.filter(override => override !== undefined)],
  })
  t.teardown(async () => {
    await server.close()
    await rm(data, { recursive: true })
  })
  const as =
    (who: string | undefined) =>
    (method: string, path: string, options: CallOptions = {}) =>
      call(server.url.replace('://', who === undefined ? '://' : `://${who}@`), method, path, options)
  return { server, data, as: as as SecuredServer['as'], admin: as(ADMIN) as SecuredServer['admin'] }
}

/** Makes a user with the password "secret". */
export async function addUser({ admin }: SecuredServer, name: string, roles: string[] = []): Promise<string> {
  const json = { name, type: 'user', roles, password: 'secret' }
  const { body } = await admin<{ rev: string }>('PUT', `/_users/org.couchdb.user:${name}`, { json })
  return body.rev
}
