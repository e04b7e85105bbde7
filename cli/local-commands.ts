import type { NamedBackup } from '../protocol/backup.ts'
import type { BackupPlace } from '../protocol/backup-place.ts'
import { CommanderError } from 'commander'
import type { Command } from 'commander'
import type { ErrorKinds } from './sentences.ts'

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

export interface CheckOptions {
  readonly data: string
  readonly encryptionKeyFile?: string
  readonly json?: boolean
}

/** Options of a check of the newest backup. */
export interface CheckBackupOptions {
  readonly backups: string
  /** Directory that holds its files meanwhile. */
  readonly directory: string
  readonly encryptionKeyFile?: string
  readonly json?: boolean
}

export interface RestoreOptions {
  readonly backups: string
  readonly data: string
  readonly at?: string
  readonly list?: boolean
  readonly encryptionKeyFile?: string
}

export interface OpenBackupOptions {
  readonly backups: string
  readonly database: string
  readonly at?: string
  readonly directory: string
  readonly encryptionKeyFile?: string
}

/** Options of `cluster create`, `cluster join` and `cluster new-log`. */
export interface ClusterOptions {
  readonly data: string
  readonly log: string
  readonly name: string
  readonly node?: string
  readonly clusterUrl?: string
  readonly groups?: string
}

/** Data that are served on this machine alone until they are closed. */
export interface ServedData {
  /** With credentials. */
  readonly url: string
  close(): Promise<void>
}

export interface DataOptions {
  readonly data: string
  readonly encryptionKeyFile?: string
}

/** Documents of a database that cannot be read as a whole. */
export interface DamagedDocuments {
  readonly database: string
  readonly documents: readonly string[]
}

/** A database of a backup. */
export interface OpenBackup extends ServedData {
  /** RFC 3339. */
  readonly created: string
}

/** The commands that work on a data directory. Each resolves with its exit code. */
export interface LocalCommands extends ErrorKinds {
  readonly version: string
  readonly serve: (options: ServeOptions) => Promise<number>
  readonly resetAdmin: (options: ResetAdminOptions) => Promise<number>
  readonly checkConfig: (options: CheckConfigOptions) => Promise<number>
  readonly inspect: (options: InspectOptions) => Promise<number>
  readonly check: (options: CheckOptions) => Promise<number>
  /** Verifies the newest backup as `check` does a data directory. */
  readonly checkBackup: (options: CheckBackupOptions) => Promise<number>
  readonly restore: (options: RestoreOptions) => Promise<number>
  /** Opens a place of backups: a directory, or `s3://bucket/prefix`. */
  readonly openBackupPlace: (where: string) => Promise<BackupPlace>
  /** Reads the backups of a place, the oldest first. */
  readonly readBackups: (place: BackupPlace) => Promise<NamedBackup[]>
  readonly clusterCreate: (options: ClusterOptions) => Promise<number>
  readonly clusterJoin: (options: ClusterOptions) => Promise<number>
  readonly clusterNewLog: (options: ClusterOptions) => Promise<number>
  /** Serves a database of a backup until it is closed. */
  readonly openBackup: (options: OpenBackupOptions) => Promise<OpenBackup>
  /** Reads all data and tells what is damaged: documents, other records, and sentences for what only a whole backup mends. */
  readonly findDamaged: (options: DataOptions) => Promise<{
    readonly damaged: readonly DamagedDocuments[]
    readonly records: number
    readonly beyond: readonly string[]
  }>
  readonly removeDocuments: (options: DataOptions, removable: readonly DamagedDocuments[]) => Promise<void>
  /** Notes that what was removed has been restored. */
  readonly noteRestored: (options: DataOptions) => Promise<void>
  readonly serveData: (options: DataOptions) => Promise<ServedData>
}

const DATA = ['--data <directory>', 'directory of the databases and the configuration', './data'] as const
const HELP = ['-h, --help', 'shows this help'] as const

/** Adds the commands that work on a data directory, without a server's HTTP interface. */
export function addLocalCommands(
  program: Command,
  commands: LocalCommands,
  done: (code: number) => void,
): void {
  program.commandsGroup('Commands that work on a data directory:')
  addServe(program, commands, done)
  addResetAdmin(program, commands, done)
  addCheckConfig(program, commands, done)
  addInspect(program, commands, done)
  addRestore(program, commands, done)
}

function addServe(program: Command, { serve }: LocalCommands, done: (code: number) => void): void {
  program
    .command('serve', { isDefault: true })
    .description('Runs the server (the command where none is named).')
    .helpOption(...HELP)
    .option('--port <number>', 'port to listen on; 0 takes a free one (default: 5984)')
    .option(...DATA)
    .option('--bind <address>', 'address to listen on (default: 127.0.0.1, this machine only)')
    .option('--admin <name:password>', 'administrator to have; also COUCHDB_USER and COUCHDB_PASSWORD')
    .option('--set <section/key=value>', 'a setting, as often as needed (docs/configuration.md)', collect)
    .option('--log-level <level>', 'debug, info, warn, error, … (default: [log] level, warning)')
    .option('--encryption-key-file <file>', 'key that new data is encrypted under (docs/security.md)')
    .option('--previous-encryption-key-file <file>', 'key used until now, when it is to be replaced')
    .addHelpText(
      'after',
      examples([
        ['couchette serve', './data on http://127.0.0.1:5984'],
        ['couchette serve --port 5985 --data /srv/couch', 'another port and directory'],
        ['couchette serve --bind 0.0.0.0 --set couchdb/max_document_size=1000000', ''],
      ]),
    )
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
    .helpOption(...HELP)
    .option(...DATA)
    .option('--password-stdin', 'reads the password from standard input; otherwise one is generated')
    .addHelpText(
      'after',
      examples([
        ['couchette reset-admin', 'a new password for "admin" of ./data'],
        ['couchette reset-admin anna --password-stdin < secret', 'a password of your own'],
      ]),
    )
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
    .helpOption(...HELP)
    .option(...DATA)
    .option('--set <section/key=value>', 'a setting of the command line to check as well', collect)
    .option('--json', 'prints JSON')
    .addHelpText('after', examples([['couchette check-config --data /srv/couch', 'ends with 1 on an error']]))
    .action(async (options: CheckConfigOptions) => done(await checkConfig(options)))
}

function addInspect(program: Command, { inspect }: LocalCommands, done: (code: number) => void): void {
  program
    .command('inspect')
    .description('Shows what the store of a data directory holds while the server does not run.')
    .argument('[data]', 'directory of the databases and the configuration', './data')
    .helpOption(...HELP)
    .option('--database <name>', 'shows this database and its indexes')
    .option('--document <id>', 'shows the revision tree of a document of the database')
    .option('--encryption-key-file <file>', 'key that the data is encrypted under')
    .addHelpText(
      'after',
      examples([
        ['couchette inspect /srv/couch', 'all databases'],
        ['couchette inspect --database orders --document 17', 'a revision tree'],
      ]),
    )
    .action(async (data: string, options: Omit<InspectOptions, 'data'>) =>
      done(await inspect({ ...options, data })),
    )
}

function addRestore(program: Command, { restore }: LocalCommands, done: (code: number) => void): void {
  program
    .command('restore')
    .description('Makes a data directory of a backup, and verifies it.')
    .argument('<backups>', 'where `couchette backup` writes to: a directory, or s3://bucket/prefix')
    .helpOption(...HELP)
    .option('--data <directory>', 'directory to make', './data')
    .option('--at <time>', 'takes the newest backup of that moment or before (default: the newest)')
    .option('--list', 'lists the backups')
    .option('--encryption-key-file <file>', 'key that the data is encrypted under')
    .addHelpText(
      'after',
      examples([
        ['couchette restore /srv/backups --data /srv/couch', 'the newest backup'],
        ['couchette restore /srv/backups --list', ''],
        ['couchette restore s3://backups/orders --data /srv/couch', 'from a bucket'],
        ['couchette restore /srv/backups --at 2026-05-01T12:00:00Z --data /srv/couch', ''],
      ]),
    )
    .action(async (backups: string, options: Omit<RestoreOptions, 'backups'>) =>
      done(await restore({ ...options, backups })),
    )
}

function examples(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([line]) => line.length))
  const rows = lines.map(([line, about]) => `  ${line.padEnd(width)}   ${about}`.trimEnd())
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${rows.join('\n')}`
}

function collect(value: string, values: string[] = []): string[] {
  return [...values, value]
}
