import { Command, CommanderError } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addCheck } from './commands/check.ts'
import { addCluster } from './commands/cluster.ts'
import { addCompare } from './commands/compare.ts'
import { addCompletion } from './commands/completion.ts'
import { addConflicts } from './commands/conflicts.ts'
import { addCredentials } from './commands/credentials.ts'
import { addDoctor } from './commands/doctor/doctor.ts'
import { addDump } from './commands/dump.ts'
import { addFollow, addPromote } from './commands/follow.ts'
import { addJobs } from './commands/jobs/jobs.ts'
import { addLoad } from './commands/load.ts'
import { addMesh } from './commands/mesh.ts'
import { addMigrate } from './commands/migrate.ts'
import { addProfile } from './commands/profile.ts'
import { addRepair } from './commands/repair.ts'
import { addReplicate } from './commands/replicate.ts'
import { addStream } from './commands/stream.ts'
import { addRestoreDamaged } from './commands/restore-damaged.ts'
import { addRestoreDatabase } from './commands/restore-database.ts'
import { addSecurity } from './commands/security.ts'
import { addTail } from './commands/tail.ts'
import { addTop } from './commands/top.ts'
import { addUsers } from './commands/users.ts'
import { EXIT_CODES, INTERRUPTED, OK } from './frame/exit-codes.ts'
import { Frame } from './frame/frame.ts'
import type { Io } from './frame/io.ts'
import { addLocalCommands } from './local-commands.ts'
import type { LocalCommands } from './local-commands.ts'
import { exitCodeOf, sentenceOf } from './sentences.ts'

/** The commands that talk to servers, in the order of the help. A new one is a line here (see `README.md`). */
const GROUPS: readonly (readonly [
  title: string,
  commands: readonly ((frame: Frame, local: LocalCommands) => void)[],
])[] = [
  ['Replication:', [addReplicate, addStream, addJobs, addFollow, addPromote, addMigrate]],
  ['Users and rights:', [addUsers, addSecurity, addCredentials]],
  ['Files:', [addDump, addLoad]],
  ['What a server does:', [addTail, addTop, addDoctor]],
  [
    'Databases:',
    [addBackup, addCheck, addRestoreDatabase, addRestoreDamaged, addConflicts, addCompare, addRepair],
  ],
  ['Several nodes, one history:', [addCluster]],
  ['Independent nodes:', [addMesh]],
  ['This program:', [addProfile, addCompletion]],
]

const EXAMPLES = `
Examples:
  couchette                                      serves ./data on http://127.0.0.1:5984
  couchette serve --port 5985 --data /srv/couch  another port and directory
  couchette check-config --data /srv/couch       settings that do not work

couchette COMMAND --help shows options and examples of a command.`

/** Runs the command line. Resolves with the exit code; errors are told on standard error. */
export async function runProgram(args: readonly string[], commands: LocalCommands, io: Io): Promise<number> {
  let code = OK
  const program = createProgram(commands, io, result => (code = result))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return OK
    if (io.signal.aborted && isAbort(error, io.signal)) return INTERRUPTED
    io.stderr.write(`couchette: ${sentenceOf(error, commands)}\n`)
    return exitCodeOf(error, commands)
  }
}

/** Returns the program with all its commands. @param done called with the exit code of the one that ran */
export function createProgram(commands: LocalCommands, io: Io, done: (code: number) => void): Command {
  const program = new Command('couchette')
    .description('A CouchDB-compatible replicator and changes-feed server, and the tools for it.')
    .version(commands.version, '-V, --version', 'shows the version')
    .helpOption('-h, --help', 'shows this help')
    .helpCommand(false)
    .addHelpText('after', `${EXIT_CODES}\n${EXAMPLES}`)
    .exitOverride()
    .configureOutput({
      outputError: () => undefined,
      writeOut: text => void io.stdout.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    })
    .configureHelp({ subcommandTerm: termOf })
    .enablePositionalOptions()
  addLocalCommands(program, commands, done)
  const frame = new Frame(program, io, done)
  for (const [title, adders] of GROUPS) {
    program.commandsGroup(title)
    for (const add of adders) add(frame, commands)
  }
  return program
}

/** Shows a command with its arguments; that it has options goes without saying. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map(arg => {
    const name = arg.name() + (arg.variadic ? '...' : '')
    return arg.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...args].join(' ')
}

/** Returns whether the error is what Ctrl-C made of a wait. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
