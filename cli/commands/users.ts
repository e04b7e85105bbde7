import { CommandError, usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { FAILED, NOT_FOUND, OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { readSecret } from '../frame/prompt.ts'
import type { Server } from '../frame/server.ts'
import { printable } from '../frame/table.ts'

interface UserDocument {
  readonly _id: string
  readonly _rev: string
  readonly name: string
  readonly roles: readonly string[]
  readonly password_scheme?: string
  readonly iterations?: number
}

/** A user as the commands show it; nothing of the password is in it. */
interface ShownUser {
  readonly name: string
  readonly roles: readonly string[]
  readonly admin: boolean
  readonly password: string | null
}

interface SecretOptions {
  readonly passwordStdin?: boolean
}

const PREFIX = 'org.couchdb.user:'
const SECRET = [
  '--password-stdin',
  'reads the password from standard input; it is asked for otherwise',
] as const
const PAGE = 1000

/** Adds `users`: who may sign in, with which roles. */
export function addUsers(frame: Frame): void {
  const users = frame
    .command('users', 'Lists the users of a server, and its administrators.', [
      ['couchette users', ''],
      ['couchette users add joe --roles sales,support', 'asks for the password'],
      ['couchette users password joe --password-stdin < secret', ''],
    ])
    .action(frame.run(list))
  frame
    .command(
      'add <name>',
      'Adds a user.',
      [['couchette users add joe --roles sales,support', 'asks for the password']],
      users,
    )
    .option('--roles <roles>', 'roles, with commas between')
    .option(...SECRET)
    .action(frame.run<SecretOptions & { readonly roles?: string }, [string]>(add))
  frame
    .command('show <name>', 'Shows a user.', [['couchette users show joe --json', '']], users)
    .action(frame.run<object, [string]>(show))
  frame
    .command(
      'password <name>',
      'Gives a user a new password; sessions that are open end.',
      [['couchette users password joe', '']],
      users,
    )
    .option(...SECRET)
    .action(frame.run<SecretOptions, [string]>(setPassword))
  frame
    .command(
      'roles <name>',
      'Changes the roles of a user.',
      [
        ['couchette users roles joe --add support --remove sales', ''],
        ['couchette users roles joe --set ""', 'takes all roles away'],
      ],
      users,
    )
    .option('--add <roles>', 'roles to give, with commas between')
    .option('--remove <roles>', 'roles to take away')
    .option('--set <roles>', 'exactly these roles')
    .action(frame.run<RoleOptions, [string]>(changeRoles))
  frame
    .command('remove <name>', 'Removes a user.', [['couchette users remove joe', '']], users)
    .action(frame.run<object, [string]>(remove))
}

async function list(context: Context): Promise<number> {
  const server = await context.server()
  const admins = Object.keys((await server.find<Record<string, string>>('_node/_local/_config/admins')) ?? {})
  const users: ShownUser[] = admins.map(name => ({ name, roles: ['_admin'], admin: true, password: null }))
  for (let start = PREFIX; ;) {
    const { rows } = await server.get<{ rows: { doc: UserDocument }[] }>('_users/_all_docs', {
      include_docs: true,
      limit: PAGE,
      startkey: start,
      endkey: `${PREFIX}\uFFFF`,
    })
    users.push(...rows.map(({ doc }) => shownUser(doc)))
    const last = rows.at(-1)
    if (rows.length < PAGE || last === undefined) break
    start = `${last.doc._id}\u0000`
  }
  await context.print(users, () => {
    const columns = [{ title: 'USER' }, { title: 'ROLES', shrinks: true }, { title: 'PASSWORD' }]
    const rows = users.map(({ name, roles, admin, password }) => [
      printable(name),
      printable(admin ? 'administrator' : roles.join(', ') || '–'),
      password ?? '–',
    ])
    return context.table(columns, rows)
  })
  return OK
}

async function show(context: Context, _options: object, name: string): Promise<number> {
  const user = shownUser(await read(await context.server(), name))
  await context.print(user, () => {
    const facts = [
      ['name', user.name],
      ['roles', user.roles.join(', ') || '–'],
      ['password', user.password ?? 'none'],
    ]
    return facts.map(([title = '', value = '']) => printable(`${title.padEnd(9)} ${value}`)).join('\n')
  })
  return OK
}

async function add(
  context: Context,
  options: SecretOptions & { readonly roles?: string },
  name: string,
): Promise<number> {
  const server = await context.server()
  if ((await server.find(pathOf(name))) !== undefined)
    throw new CommandError(`There is a user ${name}: couchette users password gives a new password.`, FAILED)
  const password = await passwordFrom(context, options)
  await server.send('PUT', pathOf(name), { name, password, roles: split(options.roles), type: 'user' })
  return done(context, name, `The user ${name} may sign in.`)
}

async function setPassword(context: Context, options: SecretOptions, name: string): Promise<number> {
  const server = await context.server()
  const user = await read(server, name)
  const password = await passwordFrom(context, options)
  await server.send('PUT', pathOf(name), { ...user, password })
  return done(context, name, `The user ${name} has a new password.`)
}

interface RoleOptions {
  readonly add?: string
  readonly remove?: string
  readonly set?: string
}

async function changeRoles(context: Context, options: RoleOptions, name: string): Promise<number> {
  if (options.add === undefined && options.remove === undefined && options.set === undefined)
    throw usageError('Give --add, --remove or --set: couchette users show lists the roles.')
  const server = await context.server()
  const user = await read(server, name)
  const removed = new Set(split(options.remove))
  const before = options.set === undefined ? user.roles : split(options.set)
  const roles = [...new Set([...before, ...split(options.add)])].filter(role => !removed.has(role))
  await server.send('PUT', pathOf(name), { ...user, roles })
  return done(context, name, `The user ${name} has the roles ${roles.join(', ') || '–'}.`, { roles })
}

async function remove(context: Context, _options: object, name: string): Promise<number> {
  const server = await context.server()
  const { _rev: rev } = await read(server, name)
  await server.send('DELETE', pathOf(name), undefined, { rev })
  return done(context, name, `The user ${name} is removed.`)
}

async function read(server: Server, name: string): Promise<UserDocument> {
  const user = await server.find<UserDocument>(pathOf(name))
  if (user === undefined) throw new CommandError(`${server.url} has no user ${name}.`, NOT_FOUND)
  return user
}

async function done(context: Context, name: string, sentence: string, more: object = {}): Promise<number> {
  await context.print({ ok: true, name, ...more }, () => printable(sentence))
  return OK
}

function passwordFrom({ io }: Context, { passwordStdin = false }: SecretOptions): Promise<string> {
  return readSecret(io, 'password', '--password-stdin', passwordStdin)
}

function shownUser({ name, roles, password_scheme: scheme, iterations }: UserDocument): ShownUser {
  const password =
    scheme === undefined ? null : iterations === undefined ? scheme : `${scheme}, ${iterations} iterations`
  return { name, roles, admin: false, password }
}

function pathOf(name: string): string {
  return `_users/${encodeURIComponent(PREFIX + name)}`
}

function split(text = ''): string[] {
  return text.split(',').filter(part => part !== '')
}
