import { asDocId, type DocId, isLocalId } from '../../../protocol/document-id.ts'
import { fail } from '../../../protocol/errors.ts'
import type { Rev } from '../../../protocol/revision.ts'
import type { Database } from '../../database/database.ts'
import { memberOfUser } from '../../mesh/member-rights.ts'
import type { RequestContext } from '../context.ts'
import { QueryParams } from '../../http/request/query-params.ts'

/** This node has one copy of each document, so that a quorum of one is always met. */
const COPIES = 1

/**
 * Refuses a `w` that is no integer, before the body is read.
 *
 * @throws `bad_request`; CouchDB fails with 500
 */
export function checkQuorum(ctx: RequestContext): void {
  const w = QueryParams.of(ctx).text('w')
  if (w !== undefined && !/^[+-]?\d+$/.test(w)) throw fail('badRequest', '`w` must be an integer.')
}

/**
 * Waits until as many members of the mesh have the revisions as `w` asks for, or the database's default, or time is up.
 *
 * @param inBody `w` of the body
 */
export async function reachQuorum(
  ctx: RequestContext,
  database: Database,
  written: readonly { readonly id: DocId; readonly rev: Rev }[],
  inBody?: number,
): Promise<void> {
  const wanted = inBody ?? copiesFor(ctx, database)
  if (wanted <= COPIES) return
  const shared = written.filter(({ id }) => !isLocalId(id))
  ctx.state.copies = { wanted, reached: COPIES, members: COPIES }
  if (shared.length === 0) return
  ctx.state.copies = { wanted, ...(await ctx.services.quorum.write(database, shared, wanted)) }
}

/** Returns true if fewer copies were reached than asked for; the answer is then 202 Accepted. */
export function isQuorumOutOfReach(ctx: RequestContext, inBody?: number): boolean {
  const { wanted = inBody ?? copiesFor(ctx), reached = COPIES } = ctx.state.copies ?? {}
  return wanted > reached
}

/**
 * Returns true if a write waited for more members than have it, at a database that members share. Where CouchDB tells nobody,
 * servers without a mesh tell nobody either.
 */
export function isBelowQuorum({ state: { copies } }: RequestContext): boolean {
  return copies !== undefined && copies.members > COPIES && copies.wanted > copies.reached
}

/**
 * Has as many members asked for a document as `r` says, or the database's default, before it is read here.
 *
 * @throws `quorumNotReached`, `bad_request`
 */
export function askQuorum(ctx: RequestContext, database: Database, id: DocId): Promise<void> | undefined {
  const r = QueryParams.of(ctx).text('r')
  if (r === undefined && database.state.quorum === undefined) return undefined
  if (r !== undefined && !/^[+-]?\d+$/.test(r)) throw fail('badRequest', '`r` must be an integer.')
  const wanted = r === undefined ? (database.state.quorum?.r ?? COPIES) : Number(r)
  if (wanted <= COPIES || isMember(ctx)) return undefined
  return ctx.services.mesh.quorum.read(database, id, wanted)
}

/** Documents of a request about which members are asked at the same time. */
const ASKED_AT_ONCE = 8

/**
 * Has members asked for many documents, where a request says `r`: the default of the database is for single ones.
 *
 * @param ids those that are no ids of documents are passed over
 * @throws `quorumNotReached`, `bad_request`
 */
export async function askQuorumOfMany(
  ctx: RequestContext,
  database: Database,
  ids: readonly (string | undefined)[],
): Promise<void> {
  if (!QueryParams.of(ctx).has('r')) return
  const rest = [...new Set(ids)].flatMap(id => (id === undefined || id === '' ? [] : [asDocId(id)]))
  const ask = async (): Promise<void> => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) await askQuorum(ctx, database, id)
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask))
}

/** Returns the number of copies that a write asks for. A write of another member of the mesh needs no copy but the one here. */
function copiesFor(ctx: RequestContext, database?: Database): number {
  const w = QueryParams.of(ctx).text('w')
  if (w !== undefined) return Number(w)
  const quorum = database?.state.quorum
  return quorum === undefined || isMember(ctx) ? COPIES : quorum.w
}

function isMember(ctx: RequestContext): boolean {
  return memberOfUser(ctx.state.user) !== undefined
}
