import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from '@nats-io/nats-core'
import { checkPrivate } from '../../storage/private-file.ts'
import type { EngineLog } from './contract.ts'

/** `nats://user:password@host:4222,host:4222?replicas=3`, or `tls://…` */
const NATS_URL =
  /^(?<scheme>nats|tls):\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?]+)\/?(?:\?(?<query>.*))?$/

/**
 * Opens a log in the engine that a URL names; the engine's client is loaded then. Nothing is connected until the log is used.
 *
 * Of a NATS URL the query may name `replicas` of a new stream, and files: `creds` of credentials, `ca`, `cert` and `key`.
 *
 * @param name of the log: letters, digits and underscores
 * @throws {Error} for a URL of another kind; the message holds no credentials
 * @throws {StoreUnavailableError} as {@link checkSecretFiles} does
 */
export async function openLog(url: string, name: string): Promise<EngineLog> {
  await checkSecretFiles(url)
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { PostgresLog } = await import('./postgres-log.ts')
    return new PostgresLog(url, name)
  }
  const nats = NATS_URL.exec(url)?.groups
  if (nats === undefined)
    throw new Error('the URL of a log begins with postgres://, postgresql://, nats:// or tls://')
  const { JetStreamLog } = await import('./jetstream-log.ts')
  const query = new URLSearchParams(nats.query ?? '')
  const replicas = query.get('replicas')
  return new JetStreamLog(
    {
      servers: nats.hosts!.split(','),
      access: await accessOf(nats, query),
      replicas: replicas === null ? undefined : Number(replicas),
    },
    name,
  )
}

/** Parameters of a log's URL that name files with secrets: NATS's two, and the key of PostgreSQL. */
const SECRET_FILES = ['creds', 'key', 'sslkey']

/** @throws {StoreUnavailableError} for a file with a secret, named by the URL of a log, that others can read */
export async function checkSecretFiles(url: string): Promise<void> {
  const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  for (const name of SECRET_FILES) {
    const file = query.get(name)
    if (file !== null) await checkPrivate(file, `The file ${name} of the cluster's log`)
  }
}

async function accessOf(
  { scheme, user, password }: Record<string, string | undefined>,
  query: URLSearchParams,
): Promise<Partial<ConnectionOptions>> {
  const { credsAuthenticator } = await import('@nats-io/nats-core')
  const [creds, ca, cert, key] = await Promise.all(
    ['creds', 'ca', 'cert', 'key'].map(async name => {
      const file = query.get(name)
      return file === null ? undefined : await readFile(file, 'utf8')
    }),
  )
  const files = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, text]) => text !== undefined))
  const hasTls = scheme === 'tls' || Object.keys(files).length > 0
  return {
    ...(user === undefined ? {} : identity(decodeURIComponent(user), password)),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(Buffer.from(creds)) }),
    ...(hasTls ? { tls: files } : {}),
  }
}

/** A user without a password is a token, as in NATS's own URLs. */
function identity(user: string, password: string | undefined): Partial<ConnectionOptions> {
  return password === undefined ? { token: user } : { user, pass: decodeURIComponent(password) }
}
