import { Command, CommanderError } from 'commander'
import { EXIT_CODES, INTERRUPTED, OK } from './frame/exit-codes.ts'
import type { Io } from './frame/io.ts'
import { addLocalCommands } from './local-commands.ts'
import type { LocalCommands } from './local-commands.ts'
import { exitCodeOf, sentenceOf } from './sentences.ts'

const EXAMPLES = `
Examples:
  couchette                                      serves ./data on http://127.0.0.1:5984
  couchette serve --port 5985 --data /srv/couch  another port and directory
  couchette check-config --data /srv/couch       settings that do not work

couchette COMMAND --help shows options and examples of a command.`

/** Options whose answers may name other commands. */
const ABOUT_ALL: ReadonlySet<string> = new Set(['-h', '--help', '-V', '--version'])

/** Runs the command line. Resolves with the exit code; errors are told on standard error. */
export async function runProgram(args: readonly string[], commands: LocalCommands, io: Io): Promise<number> {
  let code = OK
  const done = (result: number): void => void (code = result)
  const program = createProgram(commands, io, done)
  try {
    // A server would have the code of all commands in memory for as long as it runs.
    if (!startsServer(args)) {
      const { addRemoteCommands } = await import('./remote-commands.ts')
      addRemoteCommands(program, commands, io, done)
    }
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return OK
    if (io.signal.aborted && isAbort(error, io.signal)) return INTERRUPTED
    io.stderr.write(`couchette: ${sentenceOf(error, commands)}\n`)
    return exitCodeOf(error, commands)
  }
}

/**
 * Returns the program with the commands that work on a data directory.
 *
 * @param done called with the exit code of the one that ran
 */
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
  return program
}

/** Returns whether the arguments start a server without asking for help, so that no other command is wanted. */
function startsServer(args: readonly string[]): boolean {
  const [first = 'serve'] = args
  return (first === 'serve' || first.startsWith('--')) && !args.some(arg => ABOUT_ALL.has(arg))
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
