import { usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { printable } from '../frame/table.ts'

interface Group {
  readonly names: readonly string[]
  readonly roles: readonly string[]
}

interface SecurityObject {
  readonly admins?: Partial<Group>
  readonly members?: Partial<Group>
  readonly [other: string]: unknown
}

/** The kinds of entries, as the options name them: `--add-admin`, `--remove-member-role`. */
const KINDS = [
  ['admin', 'admins', 'names'],
  ['admin-role', 'admins', 'roles'],
  ['member', 'members', 'names'],
  ['member-role', 'members', 'roles'],
] as const

type SecurityOptions = Readonly<Record<string, readonly string[] | boolean | undefined>>

/** Adds `security`: who may read and write a database. */
export function addSecurity(frame: Frame): void {
  const command = frame.command(
    'security <database>',
    'Shows or changes who may use a database (a name, a URL or @PROFILE/NAME).',
    [
      ['couchette security orders', ''],
      ['couchette security orders --add-member joe --add-member-role sales', ''],
      ['couchette security orders --private', 'administrators of the server only'],
    ],
  )
  for (const action of ['add', 'remove'] as const)
    for (const [kind, group, list] of KINDS) {
      const what = `${list === 'names' ? 'user' : 'role'} ${action === 'add' ? 'to add to' : 'to take from'} the ${group}`
      command.option(`--${action}-${kind} <name>`, what, collect)
    }
  command
    .option('--private', 'lets administrators of the server in, and nobody else')
    .option('--open', 'lets everybody in, also without a name')
    .action(frame.run<SecurityOptions, [string]>(security))
}

async function security(context: Context, options: SecurityOptions, name: string): Promise<number> {
  const { server, path } = await context.database(name)
  const before = await server.get<SecurityObject>(`${path}/_security`)
  const after = changed(before, options)
  if (after !== before) {
    if (isOpen(after) && !isOpen(before) && options.open !== true)
      throw usageError(
        'Without any member the database would be open to everybody: --open does that, --private the contrary.',
      )
    await server.send('PUT', `${path}/_security`, after)
  }
  await context.print(after, () => render(after))
  return OK
}

function changed(before: SecurityObject, options: SecurityOptions): SecurityObject {
  if (options.open === true && options.private === true)
    throw usageError('--open and --private exclude each other.')
  const nobody: Group = { names: [], roles: [] }
  let after: SecurityObject = before
  if (options.open === true) after = { ...after, members: nobody }
  if (options.private === true) {
    const admins: Group = { names: [], roles: ['_admin'] }
    after = { ...after, admins, members: admins }
  }
  for (const [kind, group, list] of KINDS) {
    const added = namesIn(options, `add-${kind}`)
    const removed = new Set(namesIn(options, `remove-${kind}`))
    if (added.length === 0 && removed.size === 0) continue
    const { names = [], roles = [] } = after[group] ?? {}
    const entries = [...new Set([...(list === 'names' ? names : roles), ...added])]
    const kept = entries.filter(entry => !removed.has(entry))
    after = { ...after, [group]: { names, roles, [list]: kept } }
  }
  return after
}

/** Commander's name of an option: "addMemberRole" of "--add-member-role". */
function namesIn(options: SecurityOptions, option: string): readonly string[] {
  const value = options[option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
  return Array.isArray(value) ? (value as string[]) : []
}

function isOpen({ members }: SecurityObject): boolean {
  return (members?.names ?? []).length === 0 && (members?.roles ?? []).length === 0
}

function render(security: SecurityObject): string {
  const line = (group: 'admins' | 'members', list: keyof Group): string =>
    `${`${group}, ${list}`.padEnd(15)}  ${printable((security[group]?.[list] ?? []).join(', ')) || '–'}`
  const lines = [
    line('admins', 'names'),
    line('admins', 'roles'),
    line('members', 'names'),
    line('members', 'roles'),
  ]
  if (isOpen(security)) lines.push('There are no members: everybody may read and write.')
  return lines.join('\n')
}

function collect(value: string, values: string[] = []): string[] {
  return [...values, value]
}
