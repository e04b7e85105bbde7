import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { readSecret } from '../frame/prompt.ts'
import { printable } from '../frame/table.ts'

interface ShownCredential {
  readonly name: string
  readonly url: string
  readonly kind: string
  readonly updated: string
}

interface AddOptions {
  readonly user?: string
  readonly secretStdin?: boolean
}

/** Adds `credentials`: secrets for other servers, which jobs name. */
export function addCredentials(frame: Frame): void {
  const credentials = frame
    .command(
      'credentials',
      'Lists the credentials that jobs of a server may name. Secrets are never shown.',
      [
        ['couchette credentials', ''],
        ['couchette credentials set prod https://db.example.org --user copy', 'asks for the password'],
      ],
    )
    .action(frame.run(list))
  frame
    .command(
      'set <name> <url>',
      'Stores or replaces credentials for a server, or for a database of it. They are sent nowhere else.',
      [
        ['couchette credentials set prod https://db.example.org --user copy', 'asks for the password'],
        ['couchette credentials set prod https://db.example.org --secret-stdin < token', 'a bearer token'],
      ],
      credentials,
    )
    .option('--user <name>', 'user; without one the secret is a bearer token')
    .option('--secret-stdin', 'reads the password or token from standard input; it is asked for otherwise')
    .action(frame.run<AddOptions, [string, string]>(set))
  frame
    .command(
      'remove <name>',
      'Removes credentials: jobs that name them fail.',
      [['couchette credentials remove prod', '']],
      credentials,
    )
    .action(frame.run<object, [string]>(remove))
}

async function list(context: Context): Promise<number> {
  const server = await context.server()
  const { credentials } = await server.get<{ credentials: ShownCredential[] }>('_credentials')
  await context.print(credentials, () => {
    const columns = [{ title: 'NAME' }, { title: 'KIND' }, { title: 'FOR' }, { title: 'UPDATED' }]
    const rows = credentials.map(({ name, kind, url, updated }) => [name, kind, printable(url), updated])
    return rows.length === 0 ? 'There are no credentials.' : context.table(columns, rows)
  })
  return OK
}

async function set(
  context: Context,
  { user, secretStdin = false }: AddOptions,
  name: string,
  url: string,
): Promise<number> {
  const what = user === undefined ? 'token' : 'password'
  const secret = await readSecret(context.io, what, '--secret-stdin', secretStdin)
  const body = user === undefined ? { url, token: secret } : { url, username: user, password: secret }
  const server = await context.server()
  const answer = await server.send('PUT', `_credentials/${encodeURIComponent(name)}`, body)
  await context.print(answer, () => `Jobs may name the credentials ${printable(name)} now.`)
  return OK
}

async function remove(context: Context, _options: object, name: string): Promise<number> {
  const server = await context.server()
  const answer = await server.send('DELETE', `_credentials/${encodeURIComponent(name)}`)
  await context.print(answer, () => `There are no credentials ${printable(name)} any more.`)
  return OK
}
