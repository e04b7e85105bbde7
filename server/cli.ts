#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { warmUp } from '../replicator/http/warm-up.ts'
import { type Override, parseOverride } from './config/overrides.ts'
import { RestartableServer } from './restartable.ts'
import { StoreUnavailableError } from './storage/store.ts'

const USAGE = `couchette [--port N] [--data DIR] [--bind ADDRESS] [--admin NAME:PASSWORD] [--set SECTION/KEY=VALUE] [--log-level LEVEL]
          [--encryption-key-file FILE [--previous-encryption-key-file FILE]]

  --port       the port to listen on (5984; 0 takes a free one)
  --data       the directory of the databases and the configuration (./data)
  --bind       the address to listen on (127.0.0.1: this machine only)
  --admin      the administrator to have; also COUCHDB_USER and COUCHDB_PASSWORD
  --set        SECTION/KEY=VALUE: a setting, as often as needed (see docs/configuration.md)
  --log-level  trace, debug, info, warn or error (warn)

  --encryption-key-file           the key that new data is encrypted under; also COUCHETTE_ENCRYPTION_KEY_FILE, or the
                                  key itself in COUCHETTE_ENCRYPTION_KEY (see docs/security.md)
  --previous-encryption-key-file  the key that was used until now, when it is to be replaced
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      bind: { type: 'string' },
      admin: { type: 'string' },
      'log-level': { type: 'string' },
      set: { type: 'string', multiple: true },
      'encryption-key-file': { type: 'string' },
      'previous-encryption-key-file': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return
  }
  const options = {
    data: values.data ?? './data',
    ...(values.port === undefined ? {} : { port: portOf(values.port) }),
    settings: (values.set ?? []).map(settingOf),
    env: process.env,
    encryption: {
      keyFile: values['encryption-key-file'],
      previousKeyFile: values['previous-encryption-key-file'],
    },
    ...(values.bind === undefined ? {} : { bind: values.bind }),
    ...(values.admin === undefined ? {} : { admin: adminOf(values.admin) }),
    ...(values['log-level'] === undefined ? {} : { logLevel: values['log-level'] }),
  }
  const restartable = new RestartableServer(options, fatal)
  const server = await restartable.current
  if (server.createdAdmin !== undefined) {
    const { name, password } = server.createdAdmin
    process.stdout.write(
      `Created the administrator "${name}" with password "${password}". It is shown only now.\n`,
    )
  }
  process.stdout.write(`Couchette listens on ${server.url}\n`)
  if (server.tlsPort !== undefined) process.stdout.write(`and with TLS on port ${server.tlsPort}\n`)
  warmUp().catch(() => undefined)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void restartable.close().then(() => process.exit(0)))
  }
}

function settingOf(text: string): Override {
  const setting = parseOverride(text)
  if (setting === undefined) throw new UsageError('--set takes SECTION/KEY=VALUE')
  return setting
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new UsageError(`--port ${text} is no port`)
  return port
}

function adminOf(text: string): { name: string; password: string } {
  const colon = text.indexOf(':')
  if (colon < 1) throw new UsageError('--admin takes NAME:PASSWORD')
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

class UsageError extends Error {}

main().catch(fatal)

function fatal(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const known =
    error instanceof UsageError || error instanceof StoreUnavailableError || typeof code === 'string'
  process.stderr.write(known ? `couchette: ${(error as Error).message}\n` : `${String(error)}\n`)
  process.exit(1)
}
