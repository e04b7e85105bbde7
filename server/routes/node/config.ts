import { fail } from '../../../protocol/errors.ts'
import { parseJson } from '../../../protocol/json/parse-json.ts'
import { isEqualSetting } from '../../cluster/group/equal-settings.ts'
import { ADMINS } from '../../config/admins.ts'
import type { ChangeOptions } from '../../config/config.ts'
import { ConfigError } from '../../config/findings.ts'
import { isSensitive } from '../../config/settings.ts'
import { isProtectedSection, mayChange } from '../../config/whitelist.ts'
import { readBody } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { sendJson } from '../../http/response/reply.ts'

const MAX_BYTES = 1024 * 1024
const HIDDEN = '****'

export function getAll(ctx: RequestContext): void {
  const sections = [...ctx.services.config.all().keys()].sort()
  sendJson(ctx, Object.fromEntries(sections.map(section => [section, shownSection(ctx, section)])))
}

export function getSection(ctx: RequestContext): void {
  sendJson(ctx, shownSection(ctx, names(ctx).section))
}

/** @throws `unknownConfigValue` for a value that is not set */
export function getValue(ctx: RequestContext): void {
  const { section, key } = names(ctx)
  sendJson(ctx, shown(section, key, current(ctx, section, key)))
}

/** @throws `forbidden` for sections that are closed */
export function checkSection(ctx: RequestContext): void {
  if (!isProtectedSection(names(ctx).section)) return
  throw fail('forbidden', 'Config section blacklisted for modification over HTTP API.')
}

/** @throws what refuses the request whatever node it is for: `forbidden`, `bad_request` */
export async function checkPut(ctx: RequestContext): Promise<void> {
  checkSection(ctx)
  ctx.state.body = await readBody(ctx, MAX_BYTES)
  parseJson(ctx.state.body)
}

/** Sets a value and answers the one before, empty where there was none. */
export async function putValue(ctx: RequestContext): Promise<void> {
  const { section, key } = names(ctx)
  checkMayChange(ctx, section, key)
  const value = parseJson(await readBody(ctx, MAX_BYTES))
  if (typeof value !== 'string') throw fail('badRequest', 'Invalid configuration value')
  const before = await change(ctx, section, key, value.trim())
  sendJson(ctx, before === undefined ? '' : shown(section, key, before))
}

/** Takes a value back and answers it. @throws `unknownConfigValue` */
export async function deleteValue(ctx: RequestContext): Promise<void> {
  const { section, key } = names(ctx)
  checkMayChange(ctx, section, key)
  const before = current(ctx, section, key)
  await change(ctx, section, key, undefined)
  sendJson(ctx, shown(section, key, before))
}

/** Reads the files again; where they hold what cannot be, all stays as it was. @throws `bad_request` */
export async function reload(ctx: RequestContext): Promise<void> {
  await refused(ctx.services.config.reload())
  sendJson(ctx, { ok: true })
}

/** @throws `bad_request` where the server could not start again with its files */
export async function checkFiles(ctx: RequestContext): Promise<void> {
  await refused(ctx.services.config.check())
}

async function refused(reading: Promise<void>): Promise<void> {
  await reading.catch((error: unknown) => {
    throw error instanceof ConfigError ? fail('badRequest', error.message) : error
  })
}

function names(ctx: RequestContext): { section: string; key: string } {
  const { section, key } = ctx.params
  return { section: section ?? '', key: key ?? '' }
}

function current(ctx: RequestContext, section: string, key: string): string {
  const value = ctx.services.config.get(section, key)
  if (value === undefined) throw fail('unknownConfigValue')
  return value
}

/** @throws `forbidden` for sections that are closed, `modificationNotAllowed` where the whitelist has no such entry */
export function checkMayChange(ctx: RequestContext, section: string, key: string): void {
  if (isProtectedSection(section)) {
    throw fail('forbidden', 'Config section blacklisted for modification over HTTP API.')
  }
  const whitelist = ctx.services.config.text('chttpd', 'config_whitelist')
  if (!mayChange(whitelist, section, key)) throw fail('modificationNotAllowed')
}

/** Changes a setting, on all nodes of a cluster where it is one of theirs. @returns the value before */
async function change(
  ctx: RequestContext,
  section: string,
  key: string,
  value: string | undefined,
): Promise<string | undefined> {
  const { config, cluster } = ctx.services
  const options = changeOptions(ctx)
  if (cluster !== undefined && isEqualSetting(section, key)) {
    const before = config.get(section, key)
    await cluster.set(section, key, value, options)
    return before
  }
  return value === undefined ? config.delete(section, key, options) : config.set(section, key, value, options)
}

function changeOptions(ctx: RequestContext): ChangeOptions {
  const { user, requestId } = ctx.state
  return { persist: ctx.get('X-Couch-Persist') !== 'false', by: { user: user.name, id: requestId } }
}

function shownSection(ctx: RequestContext, section: string): Record<string, string> {
  const entries = [...ctx.services.config.section(section)]
  return Object.fromEntries(entries.map(([key, value]) => [key, shown(section, key, value)]))
}

/** Hashes of administrators are shown, as in CouchDB; they are no secrets by themselves. */
function shown(section: string, key: string, value: string): string {
  return isSensitive(section, key) && section !== ADMINS ? HIDDEN : value
}
