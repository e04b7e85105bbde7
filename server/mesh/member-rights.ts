import { fail } from '../../protocol/errors.ts'
import { SERVER_ADMIN_ROLE, type UserContext } from '../../protocol/user-context.ts'
import { MEMBERS } from './member-list.ts'

const MEMBER_KIND = 'mesh'

/** Requests by which members replicate and ask each other, by the paths of the route table. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '/_mesh/hello': ['POST'],
  '/_mesh/members/:member': ['DELETE'],
  '/:db': ['GET', 'HEAD'],
  '/:db/_changes': ['GET', 'POST'],
  '/:db/_bulk_get': ['POST'],
  '/:db/_bulk_docs': ['POST'],
  '/:db/_revs_diff': ['POST'],
  '/:db/_digests': ['POST'],
  '/:db/_ensure_full_commit': ['POST'],
  '/:db/_local/:name': ['GET', 'PUT'],
  '/:db/:docid': ['GET', 'HEAD', 'PUT'],
  '/:db/_design/:name': ['GET', 'HEAD', 'PUT'],
  '/:db/:docid/*attachment': ['GET', 'HEAD'],
  '/:db/_design/:name/*attachment': ['GET', 'HEAD'],
}

/** The database of the members' documents: read by members, and written by none of them. */
const MEMBERS_ARE_READ = ['GET', 'HEAD']

/** Returns the user that a member of the mesh is: it replicates shared databases whole, and may do nothing else. */
export function memberUser(id: string): UserContext {
  return { name: `mesh:${id}`, roles: [SERVER_ADMIN_ROLE], authenticated: MEMBER_KIND }
}

/** Returns the id of the member that a user is; undefined of any other user. */
export function memberOfUser({ name, authenticated }: UserContext): string | undefined {
  return authenticated === MEMBER_KIND ? name?.slice('mesh:'.length) : undefined
}

/**
 * Refuses what members may not ask.
 *
 * @param isShared true if the mesh shares the database
 * @throws `forbidden`
 */
export function checkMemberRequest(
  method: string,
  route: string | undefined,
  database: string | null | undefined,
  isShared: boolean,
): void {
  const methods = ALLOWED[route ?? '']
  if (methods?.includes(method) !== true) throw fail('forbidden', 'Members of the mesh may not do that.')
  if (database === undefined) return
  if (database === MEMBERS) {
    const isRead = MEMBERS_ARE_READ.includes(method) || method === 'POST'
    if ((isRead && route !== '/:db/_bulk_docs') || route === '/:db/_local/:name') return
  } else if (isShared) return
  throw fail('forbidden', 'The mesh does not share this database.')
}
