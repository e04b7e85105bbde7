import { parseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { usageError } from '../frame/command-error.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { profileNamed, profilesFile, readProfiles, writeProfiles } from '../frame/profiles.ts'
import { readSecret } from '../frame/prompt.ts'

interface AddOptions {
  readonly username?: string
  readonly passwordStdin?: boolean
  readonly tokenStdin?: boolean
  readonly ca?: string
  readonly default?: boolean
}

/** Adds `profile`: servers and their credentials, in a file that only its owner can read. */
export function addProfile(frame: Frame): void {
  const profile = frame
    .localCommand('profile', 'Lists, adds and removes profiles: servers with the credentials for them.', [
      ['couchette profile add prod https://couch.example.org --username anna', 'asks for the password'],
      ['couchette profile use prod', 'the server of all commands that name none'],
      ['couchette replicate @prod/orders orders', 'a database of a profile'],
    ])
    .action(frame.run(list))
  frame
    .localCommand('list', 'Lists the profiles.', [['couchette profile list', '']], profile)
    .action(frame.run(list))
  frame
    .localCommand(
      'add <name> <url>',
      'Adds a profile, or replaces the one of that name.',
      [
        ['couchette profile add prod https://couch.example.org --username anna', 'asks for the password'],
        ['couchette profile add ci http://couch:5984 --token-stdin < token', 'a bearer token'],
      ],
      profile,
    )
    .option('--username <name>', 'user; the password is asked for')
    .option('--password-stdin', 'reads the password from standard input')
    .option('--token-stdin', 'reads a bearer token from standard input')
    .option('--ca <file>', 'certificates of authorities to trust for this server')
    .option('--default', 'makes it the server of all commands that name none')
    .action(frame.run(add))
  frame
    .localCommand('use <name>', 'Makes a profile the default.', [['couchette profile use prod', '']], profile)
    .action(frame.run(use))
  frame
    .localCommand('remove <name>', 'Removes a profile.', [['couchette profile remove prod', '']], profile)
    .action(frame.run(remove))
}

async function list(context: Context): Promise<number> {
  const { profiles, default: chosen } = await readProfiles(context.io.env)
  const shown = Object.entries(profiles).map(([name, { url, username, token }]) => ({
    name,
    url: parseUrl(url).url,
    user: username ?? (token === undefined ? null : 'token'),
    default: name === chosen,
  }))
  await context.print(shown, () => {
    if (shown.length === 0) return `There are no profiles in ${profilesFile(context.io.env)}.`
    const rows = shown.map(one => [one.default ? '*' : '', one.name, one.url, one.user ?? '–'])
    return context.table([{ title: '' }, { title: 'PROFILE' }, { title: 'URL' }, { title: 'USER' }], rows)
  })
  return OK
}

async function add(context: Context, options: AddOptions, name: string, url: string): Promise<number> {
  if (!/^[\w.-]+$/.test(name))
    throw usageError('The name of a profile has letters, digits, "-", "_" and "." only.')
  const { url: bare, credentials } = parseUrl(url)
  if (credentials !== undefined)
    throw usageError('Give the name with --username and the password on standard input, not in the URL.')
  const secrets = await secretsFor(context, options)
  const before = await readProfiles(context.io.env)
  const profile = { url: bare, ...secrets, ...(options.ca === undefined ? {} : { ca: options.ca }) }
  const isFirst = Object.keys(before.profiles).length === 0
  await writeProfiles(context.io.env, {
    ...before,
    ...(options.default === true || isFirst ? { default: name } : {}),
    profiles: { ...before.profiles, [name]: profile },
  })
  await context.print({ ok: true, name }, () => `The profile ${name} is in ${profilesFile(context.io.env)}.`)
  return OK
}

async function secretsFor(
  { io }: Context,
  { username, passwordStdin = false, tokenStdin = false }: AddOptions,
): Promise<object> {
  if (tokenStdin) return { token: await readSecret(io, 'token', '--token-stdin', true) }
  if (username === undefined) {
    if (passwordStdin) throw usageError('--password-stdin needs --username.')
    return {}
  }
  return { username, password: await readSecret(io, 'password', '--password-stdin', passwordStdin) }
}

async function use(context: Context, _options: object, name: string): Promise<number> {
  const before = await readProfiles(context.io.env)
  profileNamed(before, name)
  await writeProfiles(context.io.env, { ...before, default: name })
  await context.print({ ok: true, default: name }, () => `Commands that name no server use ${name}.`)
  return OK
}

async function remove(context: Context, _options: object, name: string): Promise<number> {
  const { profiles, default: chosen } = await readProfiles(context.io.env)
  profileNamed({ profiles }, name)
  const { [name]: _removed, ...rest } = profiles
  await writeProfiles(context.io.env, {
    ...(chosen === undefined || chosen === name ? {} : { default: chosen }),
    profiles: rest,
  })
  await context.print({ ok: true, name }, () => `The profile ${name} is removed.`)
  return OK
}
