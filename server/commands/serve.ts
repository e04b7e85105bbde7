import { resolve as absolute } from 'node:path'
import { isLogLevel, LOG_LEVELS } from '../log/log.ts'
import { fileError } from '../config/start-error.ts'
import { type Override, parseOverride } from '../config/overrides.ts'
import type { Couchette, CouchetteOptions } from '../main.ts'
import { RestartableServer } from './restartable.ts'
import { UsageError } from './usage-error.ts'
import { watchParent } from './watch-parent.ts'

/** Arguments of `couchette serve` as they were typed. */
export interface ServeArguments {
  readonly data: string
  readonly port?: string | undefined
  readonly bind?: string | undefined
  readonly admin?: string | undefined
  readonly set?: readonly string[] | undefined
  readonly logLevel?: string | undefined
  readonly encryptionKeyFile?: string | undefined
  readonly previousEncryptionKeyFile?: string | undefined
}

/** Signals that come twice at once, from the terminal and from npm, are one. */
const SAME_SIGNAL_MS = 1000

/**
 * Runs a server until a signal ends it. Resolves with the process's exit code.
 *
 * @throws {UsageError} for an argument that cannot be
 * @throws what the start throws; nothing is left open then
 */
export async function serve(args: ServeArguments): Promise<number> {
  // A reader of what is said may go away; the server stays, and still stops in order.
  process.stdout.on('error', () => undefined)
  const ended = deferred()
  const restartable = new RestartableServer(serverOptions(args), error => ended.reject(error as Error))
  const server = await restartable.current.catch((error: unknown) => {
    throw fileError(error, 'The data directory', absolute(args.data))
  })
  const stop = stopOnce(async () => {
    process.stdout.write('Couchette stops: it finishes what it was asked for.\n')
    await restartable.close()
    ended.resolve(0)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  const reopenLog = async (): Promise<boolean> => {
    const { reopenLog: reopen } = await restartable.current
    reopen?.()
    return reopen !== undefined
  }
  // A terminal that goes away sends SIGHUP, too: without a file to open again it ends the server.
  process.on('SIGHUP', () => void reopenLog().then(reopened => reopened || stop()))
  process.on('SIGUSR1', () => void reopenLog())
  const unwatch = watchParent(process.env, stop)
  // Last: whoever reads where the server listens may send a signal at once.
  announce(server, args.data)
  server.warmUp?.().catch(() => undefined)
  try {
    return await ended.promise
  } finally {
    unwatch()
  }
}

/** @throws {UsageError} */
export function serverOptions(args: ServeArguments): CouchetteOptions {
  return {
    data: args.data,
    settings: (args.set ?? []).map(settingOf),
    env: process.env,
    encryption: { keyFile: args.encryptionKeyFile, previousKeyFile: args.previousEncryptionKeyFile },
    ...(args.port === undefined ? {} : { port: portOf(args.port) }),
    ...(args.bind === undefined ? {} : { bind: args.bind }),
    ...(args.admin === undefined ? {} : { admin: adminOf(args.admin) }),
    ...(args.logLevel === undefined ? {} : { logLevel: logLevelOf(args.logLevel) }),
  }
}

function announce({ createdAdmin, url, tlsPort }: Couchette, data: string): void {
  if (createdAdmin !== undefined) {
    const { name, password } = createdAdmin
    say(`Created the administrator "${name}" with password "${password}". It is shown only now.`)
  }
  say(`Couchette listens on ${url}${tlsPort === undefined ? '' : ` and with TLS on port ${tlsPort}`}`)
  say(`Data directory: ${absolute(data)}`)
  say(`Dashboard: ${url}/_utils/`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Begins to stop at the first signal; one that comes later ends the process at once. */
function stopOnce(stop: () => Promise<void>): () => void {
  let since: number | undefined
  return () => {
    if (since !== undefined) {
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(130)
      return
    }
    since = performance.now()
    stop().catch((error: unknown) => {
      process.stderr.write(`couchette: ${String(error)}\n`)
      process.exit(1)
    })
  }
}

function settingOf(text: string): Override {
  const setting = parseOverride(text)
  if (setting === undefined) throw new UsageError(`--set takes SECTION/KEY=VALUE, not "${text}".`)
  return setting
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65535)) throw new UsageError(`--port takes a number from 0 to 65535, not "${text}".`)
  return port
}

function adminOf(text: string): { name: string; password: string } {
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1) throw new UsageError('--admin takes NAME:PASSWORD.')
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function logLevelOf(text: string): string {
  if (isLogLevel(text)) return text
  throw new UsageError(`--log-level takes one of ${LOG_LEVELS.join(', ')}, not "${text}".`)
}

/** `Promise.withResolvers`, which Node.js 20 does not have. */
function deferred(): {
  readonly promise: Promise<number>
  readonly resolve: (code: number) => void
  readonly reject: (error: Error) => void
} {
  let resolve: (code: number) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<number>((onDone, onFailure) => {
    resolve = onDone
    reject = onFailure
  })
  return { promise, resolve, reject }
}
