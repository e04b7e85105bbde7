import { chmod, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CommandError } from './command-error.ts'
import type { Io } from './io.ts'

/** A server with the credentials for it, as the profiles' file has it. */
export interface Profile {
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** A bearer token, in place of name and password. */
  readonly token?: string
  /** File with certificates of authorities that are trusted for this server. */
  readonly ca?: string
}

export interface Profiles {
  /** Name of the profile that is used where nothing else names a server. */
  readonly default?: string
  readonly profiles: Readonly<Record<string, Profile>>
}

const OTHERS = 0o077

/** Returns the profiles' file: `COUCHETTE_PROFILES`, or `couchette/profiles.json` in the user's configuration. */
export function profilesFile(env: Io['env']): string {
  const configuration = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return env.COUCHETTE_PROFILES || join(configuration, 'couchette', 'profiles.json')
}

/** Reads the profiles; there are none where there is no file. @throws {CommandError} if others may read the file */
export async function readProfiles(env: Io['env']): Promise<Profiles> {
  const file = profilesFile(env)
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new CommandError(`The profiles ${file} cannot be read: ${error.code ?? error.message}.`)
  })
  if (found === undefined) return { profiles: {} }
  if (process.platform !== 'win32' && (found.mode & OTHERS) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
    throw new CommandError(`The profiles ${file} can be read by others (mode ${mode}): chmod 600 ${file}`)
  }
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The profiles ${file} cannot be read: ${error.code ?? error.message}.`)
  })
  return parse(text, file)
}

/** Writes the profiles so that nobody else can read them, at no moment. */
export async function writeProfiles(env: Io['env'], profiles: Profiles): Promise<void> {
  const file = profilesFile(env)
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const next = `${file}.${process.pid}.new`
    await writeFile(next, `${JSON.stringify(profiles, undefined, 2)}\n`, { mode: 0o600 })
    await chmod(next, 0o600)
    const handle = await open(next)
    await handle.sync().finally(() => handle.close())
    await rename(next, file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new CommandError(`The profiles ${file} cannot be written: ${code ?? message}.`)
  }
}

/** Returns a profile by its name. @throws {CommandError} where there is none */
export function profileNamed(profiles: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles.profiles, name) ? profiles.profiles[name] : undefined
  if (profile !== undefined) return profile
  const known = Object.keys(profiles.profiles)
  const hint = known.length === 0 ? 'couchette profile add makes one' : `there are ${known.join(', ')}`
  throw new CommandError(`There is no profile ${name}: ${hint}.`)
}

function parse(text: string, file: string): Profiles {
  const value = parsed(text, file)
  const { profiles = {}, default: chosen } = value as { profiles?: unknown; default?: unknown }
  if (!isObject(profiles) || !Object.values(profiles).every(isProfile))
    throw new CommandError(
      `The profiles ${file} are malformed: each needs a "url", and its members are strings.`,
    )
  return {
    profiles: profiles as Record<string, Profile>,
    ...(typeof chosen === 'string' ? { default: chosen } : {}),
  }
}

function parsed(text: string, file: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Told below, without the text: it holds passwords.
  }
  throw new CommandError(`The profiles ${file} are not JSON.`)
}

function isProfile(value: unknown): boolean {
  return isObject(value) && 'url' in value && Object.values(value).every(member => typeof member === 'string')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
