import { parseDatabaseName, type DatabaseName } from '../../../protocol/database-name.ts'
import { fail } from '../../../protocol/errors.ts'
import type { JsonValue } from '../../../protocol/json-value.ts'
import { parseJson } from '../../../protocol/json/parse-json.ts'
import { ADMINS } from '../../config/admins.ts'
import { requireJson } from '../../http/request/body.ts'
import type { RequestContext } from '../context.ts'
import { readJsonObject } from '../../http/request/json-body.ts'
import { QueryParams } from '../../http/request/query-params.ts'
import { sendJson } from '../../http/response/reply.ts'
import { checkMayChange } from './config.ts'

const SYSTEM_DATABASES = ['_users', '_replicator']

type Setup = Readonly<Record<string, JsonValue | undefined>>

export async function setupState(ctx: RequestContext): Promise<void> {
  const asked = QueryParams.of(ctx).text('ensure_dbs_exist')
  const missing = await missingOf(
    ctx,
    asked === undefined ? undefined : (parseJson(Buffer.from(asked)) as JsonValue),
  )
  sendJson(ctx, { state: missing.length === 0 ? 'single_node_enabled' : 'single_node_disabled' })
}

export async function setUp(ctx: RequestContext): Promise<void> {
  requireJson(ctx)
  const setup = (await readJsonObject(ctx, 'settings')) as Setup
  const missing = await missingOf(ctx, setup.ensure_dbs_exist)
  if (setup.action === 'enable_single_node') await configure(ctx, setup)
  else if (setup.action !== 'finish_cluster') throw fail('badRequest', refusal(setup.action))
  else if (missing.length === 0) throw fail('badRequest', 'Cluster is already finished')
  for (const name of missing) await ctx.services.catalog.create(name, { partitioned: false })
  sendJson(ctx, { ok: true }, 201)
}

const OF_CLUSTERS: readonly unknown[] = ['enable_cluster', 'add_node', 'remove_node', 'receive_cookie']

function refusal(action: unknown): string {
  return OF_CLUSTERS.includes(action) ? 'This server is a single node.' : "Invalid Action'"
}

/** Addresses and ports are for the next start, as in `_config`. */
async function configure(ctx: RequestContext, setup: Setup): Promise<void> {
  const { config } = ctx.services
  const { username, password_hash: hash, password = hash, bind_address: address, port } = setup
  const settings: [section: string, key: string, value: string][] = []
  if (typeof username === 'string' && typeof password === 'string')
    settings.push([ADMINS, username, password])
  if (typeof address === 'string') settings.push(['chttpd', 'bind_address', address])
  if (typeof port === 'number' || typeof port === 'string') settings.push(['chttpd', 'port', String(port)])
  for (const [section, key] of settings) checkMayChange(ctx, section, key)
  for (const setting of settings) await config.set(...setting)
}

/** Of the databases that are to be there, those that are not. @throws `bad_request`, `illegal_database_name` */
async function missingOf(ctx: RequestContext, asked: JsonValue = SYSTEM_DATABASES): Promise<DatabaseName[]> {
  if (!Array.isArray(asked)) throw fail('badRequest', '`ensure_dbs_exist` must be an array.')
  const { catalog } = ctx.services
  const names = asked.map(name => parseDatabaseName(typeof name === 'string' ? name : JSON.stringify(name)))
  const existing = await Promise.all(names.map(name => catalog.exists(name)))
  return names.filter((_name, index) => existing[index] !== true)
}
