import { readFile } from 'node:fs/promises'
import { CommandError, usageError } from './command-error.ts'
import type { Io } from './io.ts'
import { profileNamed, readProfiles } from './profiles.ts'
import type { Profile, Profiles } from './profiles.ts'

export const DEFAULT_URL = 'http://127.0.0.1:5984'

/** Name and password, or a bearer token. */
export interface Credentials {
  readonly username?: string
  readonly password?: string
  readonly token?: string
}

/** Address of a server, with what is needed to be let in. */
export interface Connection {
  /** Without credentials, query and trailing slash. */
  readonly url: string
  readonly credentials: Credentials
  /** Certificates of trusted authorities, PEM. */
  readonly ca?: string
  /** Takes any certificate. */
  readonly insecure: boolean
}

/** A database and how its server is reached. */
export interface DatabaseAddress {
  readonly connection: Connection
  readonly database: string
}

/** Options that every command takes which talks to a server. */
export interface ConnectionOptions {
  readonly url?: string
  readonly profile?: string
  readonly ca?: string
  readonly insecure?: boolean
}

/**
 * Returns the server that options, environment and profiles name: `--profile`, `--url`, `COUCHETTE_URL`, the default
 * profile, this machine. A URL without credentials takes those of `COUCHETTE_USER` and `COUCHETTE_PASSWORD`, else those
 * of a profile for the same server.
 *
 * @throws {CommandError}
 */
export async function resolveConnection(options: ConnectionOptions, env: Io['env']): Promise<Connection> {
  if (options.profile !== undefined && options.url !== undefined)
    throw usageError('--url and --profile name two servers: give one of them.')
  const profiles = await readProfiles(env)
  if (options.profile !== undefined) return fromProfile(profileNamed(profiles, options.profile), options)
  const url = options.url ?? env.COUCHETTE_URL
  if (url) return fromUrl(url, options, profiles, env, fromEnvironment(env))
  if (profiles.default !== undefined) return fromProfile(profileNamed(profiles, profiles.default), options)
  return fromUrl(DEFAULT_URL, options, profiles, env, fromEnvironment(env))
}

/**
 * Returns the database that an argument names: a URL, `@PROFILE/NAME`, or the name of one of the server that the options
 * name.
 *
 * @throws {CommandError}
 */
export async function resolveDatabase(
  text: string,
  options: ConnectionOptions,
  env: Io['env'],
): Promise<DatabaseAddress> {
  if (/^https?:\/\//i.test(text)) {
    const { server, database } = splitDatabase(text)
    return { connection: await fromUrl(server, options, await readProfiles(env), env), database }
  }
  if (text === '') throw usageError('The name of the database is empty.')
  if (!text.startsWith('@')) return { connection: await resolveConnection(options, env), database: text }
  const slash = text.indexOf('/')
  const [profile, database] = slash < 0 ? [text.slice(1), ''] : [text.slice(1, slash), text.slice(slash + 1)]
  if (database === '') throw usageError(`${text} names no database: @PROFILE/DATABASE does.`)
  const { ca, insecure } = options
  const rest = { ...(ca === undefined ? {} : { ca }), ...(insecure === undefined ? {} : { insecure }) }
  return { connection: await resolveConnection({ profile, ...rest }, env), database }
}

/** Returns the `Authorization` header for the credentials; undefined without any. */
export function authorization({ username, password, token }: Credentials): string | undefined {
  if (token !== undefined) return `Bearer ${token}`
  if (username === undefined) return undefined
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}

/** Returns the database's URL, without credentials. */
export function databaseUrl({ connection, database }: DatabaseAddress): string {
  return `${connection.url}/${encodeURIComponent(database)}`
}

async function fromProfile(profile: Profile, options: ConnectionOptions): Promise<Connection> {
  const { url: _, ca: __, ...credentials } = profile
  return fromUrl(profile.url, withCa(options, profile), { profiles: {} }, {}, credentials)
}

async function fromUrl(
  text: string,
  options: ConnectionOptions,
  profiles: Profiles,
  env: Io['env'],
  given?: Credentials,
): Promise<Connection> {
  const parsed = parseUrl(text)
  const same = Object.values(profiles.profiles).find(({ url }) => sameServer(url, parsed.url))
  const { ca, insecure = false } = withCa(options, same)
  return {
    url: parsed.url,
    credentials: withPassword(parsed.credentials ?? given ?? credentialsOf(same), same, env),
    insecure,
    ...(ca === undefined ? {} : { ca: await readCa(ca) }),
  }
}

/** A URL that names a user alone takes the password of the server's profile for that user, or `COUCHETTE_PASSWORD`. */
function withPassword(credentials: Credentials, same: Profile | undefined, env: Io['env']): Credentials {
  if (credentials.username === undefined || (credentials.password ?? '') !== '') return credentials
  const known = same?.username === credentials.username ? same.password : undefined
  return { ...credentials, password: known ?? env.COUCHETTE_PASSWORD ?? '' }
}

function withCa(options: ConnectionOptions, profile: Profile | undefined): ConnectionOptions {
  return options.ca === undefined && profile?.ca !== undefined ? { ...options, ca: profile.ca } : options
}

function credentialsOf(profile: Profile | undefined): Credentials {
  const { username, password, token } = profile ?? {}
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(token === undefined ? {} : { token }),
  }
}

function fromEnvironment({
  COUCHETTE_USER: username,
  COUCHETTE_PASSWORD: password,
}: Io['env']): Credentials | undefined {
  return username ? { username, password: password ?? '' } : undefined
}

/** Parses a server's URL; what is wrong with it is said without repeating it, as it may hold a password. */
export function parseUrl(text: string): { readonly url: string; readonly credentials?: Credentials } {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw usageError('The URL of the server is invalid: it looks like http://127.0.0.1:5984.')
  const { origin, pathname, username, password } = new URL(text)
  const url = origin + pathname.replace(/\/+$/, '')
  if (username === '') return { url }
  return { url, credentials: { username: decode(username), password: decode(password) } }
}

/** Cuts the last part of the path off, which names the database. */
function splitDatabase(text: string): { readonly server: string; readonly database: string } {
  if (!URL.canParse(text))
    throw usageError('The URL of a database is invalid: it looks like http://127.0.0.1:5984/orders.')
  const url = new URL(text)
  const segments = url.pathname.split('/').filter(Boolean)
  const database = segments.pop()
  if (database === undefined) throw usageError(`${url.origin} names no database: ${url.origin}/orders does.`)
  url.pathname = segments.join('/')
  return { server: url.href, database: decode(database) }
}

function sameServer(profile: string, url: string): boolean {
  return URL.canParse(profile) && parseUrl(profile).url === url
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CommandError(
      `The certificates ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`,
    )
  }
}
