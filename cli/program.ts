import { Command, CommanderError } from 'commander'
import { type ErrorKinds, exitCodeOf, sentenceOf } from './sentences.ts'

/** Options of `serve` by their names on the command line. */
export interface ServeOptions {
  readonly data: string
  readonly port?: string
  readonly bind?: string
  readonly admin?: string
  readonly set?: string[]
  readonly logLevel?: string
  readonly encryptionKeyFile?: string
  readonly previousEncryptionKeyFile?: string
}

export interface ResetAdminOptions {
  readonly data: string
  readonly name: string
  readonly passwordStdin?: boolean
}

export interface CheckConfigOptions {
  readonly data: string
  readonly set?: string[]
  readonly json?: boolean
}

export interface InspectOptions {
  readonly data: string
  readonly database?: string
  readonly document?: string
  readonly encryptionKeyFile?: string
}

/** The commands that work on a data directory. Each resolves with its exit code. */
export interface LocalCommands extends ErrorKinds {
  readonly version: string
  readonly serve: (options: ServeOptions) => Promise<number>
  readonly resetAdmin: (options: ResetAdminOptions) => Promise<number>
  readonly checkConfig: (options: CheckConfigOptions) => Promise<number>
  readonly inspect: (options: InspectOptions) => Promise<number>
}

const DATA = ['--data <directory>', 'directory of the databases and the configuration', './data'] as const

const EXAMPLES = `
Examples:
  couchette                                        serves ./data on http://127.0.0.1:5984
  couchette serve --port 5985 --data /srv/couch    another port and directory
  couchette reset-admin --data /srv/couch          a new password for "admin"
  couchette check-config --data /srv/couch         settings that do not work
  couchette inspect /srv/couch                     databases and what they count, without a server

couchette COMMAND --help shows the options of a command.`

/** Runs the command line. Resolves with the exit code; errors are told on standard error. */
export async function runProgram(args: readonly string[], commands: LocalCommands): Promise<number> {
  let code = 0
  const program = createProgram(commands, result => (code = result))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    process.stderr.write(`couchette: ${sentenceOf(error, commands)}\n`)
    return exitCodeOf(error, commands)
  }
}

function createProgram(commands: LocalCommands, done: (code: number) => void): Command {
  const program = new Command('couchette')
    .description('A CouchDB-compatible replicator and changes-feed server.')
    .version(commands.version, '-V, --version', 'shows the version')
    .helpOption('-h, --help', 'shows this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .enablePositionalOptions()
  addServe(program, commands, done)
  addResetAdmin(program, commands, done)
  addCheckConfig(program, commands, done)
  addInspect(program, commands, done)
  return program
}

function addServe(program: Command, { serve }: LocalCommands, done: (code: number) => void): void {
  program
    .command('serve', { isDefault: true })
    .description('Runs the server (the command where none is named).')
    .option('--port <number>', 'port to listen on; 0 takes a free one (default: 5984)')
    .option(...DATA)
    .option('--bind <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('--admin <name:password>', 'administrator to have; also COUCHDB_USER and COUCHDB_PASSWORD')
    .option('--set <section/key=value>', 'a setting, as often as needed (docs/configuration.md)', collect)
    .option('--log-level <level>', 'debug, info, warn, error, … (default: [log] level, warning)')
    .option('--encryption-key-file <file>', 'key that new data is encrypted under (docs/security.md)')
    .option('--previous-encryption-key-file <file>', 'key used until now, when it is to be replaced')
    .allowExcessArguments()
    .action(async (options: ServeOptions, { args: [unknown] }: Command) => {
      if (unknown !== undefined)
        throw new CommanderError(2, 'commander.unknownCommand', `error: unknown command '${unknown}'`)
      done(await serve(options))
    })
}

function addResetAdmin(program: Command, { resetAdmin }: LocalCommands, done: (code: number) => void): void {
  program
    .command('reset-admin')
    .description('Gives an administrator a new password while the server does not run.')
    .argument('[name]', 'name of the administrator', 'admin')
    .option(...DATA)
    .option('--password-stdin', 'reads the password from standard input; otherwise one is generated')
    .action(async (name: string, options: Omit<ResetAdminOptions, 'name'>) =>
      done(await resetAdmin({ ...options, name })),
    )
}

function addCheckConfig(
  program: Command,
  { checkConfig }: LocalCommands,
  done: (code: number) => void,
): void {
  program
    .command('check-config')
    .description('Lists settings that are wrong, unknown, not supported or without effect.')
    .option(...DATA)
    .option('--set <section/key=value>', 'a setting of the command line to check as well', collect)
    .option('--json', 'prints JSON')
    .action(async (options: CheckConfigOptions) => done(await checkConfig(options)))
}

function addInspect(program: Command, { inspect }: LocalCommands, done: (code: number) => void): void {
  program
    .command('inspect')
    .description('Shows what the store of a data directory holds while the server does not run.')
    .argument('[data]', 'directory of the databases and the configuration', './data')
    .option('--database <name>', 'shows this database and its indexes')
    .option('--document <id>', 'shows the revision tree of a document of the database')
    .option('--encryption-key-file <file>', 'key that the data is encrypted under')
    .action(async (data: string, options: Omit<InspectOptions, 'data'>) =>
      done(await inspect({ ...options, data })),
    )
}

function collect(value: string, values: string[] = []): string[] {
  return [...values, value]
}
