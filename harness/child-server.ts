import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { importing, program } from './project.ts'
import { THREAD_SETTINGS } from './test-threads.ts'

/** Characters of a server's output that are kept. */
const OUTPUT_CHARACTERS = 16_384
const READY_WITHIN_MS = 90_000

export const ADMIN = { name: 'admin', password: 'pass' } as const

/** A server in a process of its own. */
export interface ChildServer {
  readonly url: string
  readonly pid: number
  /** The last of its log, for reports of failures. */
  readonly output: () => string
  /** Ends the process at once, as a crash does, and waits until it is gone. */
  kill(): Promise<void>
  /** Ends the process as an operator does, and gives its exit code. */
  stop(): Promise<number | null>
}

/** Starts the command-line program on a free port, with {@link ADMIN}; the URL has the admin's credentials. */
export async function startNode(
  data: string,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<ChildServer> {
  const admin = { COUCHDB_USER: ADMIN.name, COUCHDB_PASSWORD: ADMIN.password }
  const settings = THREAD_SETTINGS.flatMap(({ section, key, value }) => [
    '--set',
    `${section}/${key}=${value}`,
  ])
  const args = ['--port', '0', '--data', data, ...settings, ...more]
  const child = await startScript('cli/main', args, { ...admin, ...env })
  return { ...child, url: child.url.replace('://', `://${ADMIN.name}:${ADMIN.password}@`) }
}

/** Starts a script of the project that tells where it listens; ready when it did. It ends with this process. */
export async function startScript(
  script: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildServer> {
  const child = spawn(
    process.execPath,
    [...importing('harness/end-with-parent'), ...program(script), ...args],
    {
      env: { ...process.env, ...env, END_WITH_PARENT: String(process.pid) },
      // Nothing is written to its input: it ends when this process does.
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  let said = ''
  const keep = (chunk: Buffer) => void (said = (said + chunk.toString()).slice(-OUTPUT_CHARACTERS))
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const url = await addressOf(child)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return child.exitCode
  }
  return {
    url,
    pid: child.pid ?? 0,
    output: () => said,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
}

/** The URL that the process prints; when it prints none, the error has all that it said. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (why: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`the server ${why}:\n${said}`))
    }
    const timer = setTimeout(() => fail(`was not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
    const listen = (chunk: Buffer) => {
      if (said.length < 65_536) said += chunk.toString()
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', code => fail(`ended with code ${code ?? 'none'}`))
  })
}
