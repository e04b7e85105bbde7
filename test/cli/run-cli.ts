import { PassThrough, Readable } from 'node:stream'
import type { Command } from 'commander'
import { createProgram, runProgram } from '../../cli/program.ts'
import { addRemoteCommands } from '../../cli/remote-commands.ts'
import { readBackups } from '../../server/backup/backup-directory.ts'
import { openBackupPlace } from '../../server/commands/backup-place.ts'
import { checkBackup } from '../../server/commands/check.ts'
import { findDamaged, noteRestored, removeDocuments, serveData } from '../../server/commands/damaged-data.ts'
import { openBackup } from '../../server/commands/open-backup.ts'
import { StartError } from '../../server/config/start-error.ts'
import type { LocalCommands } from '../../cli/local-commands.ts'

export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Readable
  readonly signal?: AbortSignal
  /** Called with all that standard output has so far, at each piece. */
  readonly onOutput?: (out: string) => void
  readonly onError?: (err: string) => void
  /** Makes both outputs a terminal of so many columns. */
  readonly columns?: number
}

const neverCalled = (): Promise<number> => Promise.reject(new Error('not in this process'))

const LOCAL: LocalCommands = {
  version: '0.0.0',
  isOperatorError: (error): error is Error => error instanceof StartError,
  isUsageError: () => false,
  serve: neverCalled,
  resetAdmin: neverCalled,
  clusterCreate: neverCalled,
  clusterJoin: neverCalled,
  clusterNewLog: neverCalled,
  checkConfig: neverCalled,
  inspect: neverCalled,
  check: neverCalled,
  checkBackup,
  restore: neverCalled,
  openBackup,
  openBackupPlace: where => openBackupPlace(where),
  readBackups,
  findDamaged,
  removeDocuments,
  noteRestored,
  serveData,
}

/** Runs a command in this process, with streams and an environment of its own; no profiles of the user are read. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { env = {}, input = '', signal = new AbortController().signal, columns } = options
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  const stdout = Object.assign(new PassThrough(), terminal)
  const stderr = Object.assign(new PassThrough(), terminal)
  let [out, err] = ['', '']
  stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    options.onOutput?.(out)
  })
  stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
    options.onError?.(err)
  })
  const stdin = typeof input === 'string' ? Readable.from(input === '' ? [] : [input]) : input
  const profiles = { COUCHETTE_PROFILES: '/nonexistent/profiles.json' }
  const code = await runProgram(args, LOCAL, { stdin, stdout, stderr, env: { ...profiles, ...env }, signal })
  return { code, out, err }
}

/** Returns all commands of the program with their names: "jobs show". */
export function allCommands(): Map<string, Command> {
  const io = { stdin: Readable.from([]), stdout: new PassThrough(), stderr: new PassThrough(), env: {} }
  const found = new Map<string, Command>()
  const walk = (command: Command, path: string): void => {
    for (const child of command.commands) {
      const name = `${path} ${child.name()}`.trim()
      found.set(name, child)
      walk(child, name)
    }
  }
  const all = { ...io, signal: new AbortController().signal }
  const program = createProgram(LOCAL, all, () => undefined)
  addRemoteCommands(program, LOCAL, all, () => undefined)
  walk(program, '')
  return found
}
