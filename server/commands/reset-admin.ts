import { randomBytes } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Config } from '../config/config.ts'
import { ownFile } from '../config/files.ts'
import { fileError } from '../config/start-error.ts'
import { checkUnused } from '../storage/store.ts'
import { UsageError } from './usage-error.ts'

export interface ResetAdminArguments {
  readonly data: string
  readonly name: string
  /** Takes the password from standard input; otherwise one is generated and shown. */
  readonly passwordStdin?: boolean | undefined
}

/**
 * Gives an administrator a new password, or makes one, while the server does not run. Resolves with the exit code.
 *
 * @throws {StoreUnavailableError} while a server uses the directory: it would not see the change
 */
export async function resetAdmin({ data, name, passwordStdin }: ResetAdminArguments): Promise<number> {
  if (name === '') throw new UsageError('The name of the administrator is empty.')
  await access(ownFile(data)).catch((error: unknown) => {
    throw fileError(error, 'The configuration', ownFile(data))
  })
  await checkUnused(join(data, 'store'))
  const password = passwordStdin === true ? await readPassword() : randomBytes(18).toString('base64url')
  const config = await Config.open({
    directory: data,
    env: { COUCHDB_USER: name, COUCHDB_PASSWORD: password },
  })
  await config.close()
  const shown = passwordStdin === true ? '' : `: "${password}". It is shown only now`
  process.stdout.write(`The administrator "${name}" has a new password${shown}.\n`)
  return 0
}

async function readPassword(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '' || /[\r\n]/.test(password))
    throw new UsageError('--password-stdin takes one line with the password.')
  return password
}
