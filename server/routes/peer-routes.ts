import type { Route } from './context.ts'
import { route } from './route.ts'
import * as mesh from './node/mesh.ts'
import * as credentials from './replication/credentials.ts'

/** Rows of the route table about other servers: their credentials, and the mesh. */
export const PEERS: readonly Route[] = [
  route('/_credentials', 'server-admin', { GET: credentials.listCredentials }),
  route('/_credentials/:name', 'server-admin', {
    GET: credentials.getCredential,
    PUT: credentials.putCredential,
    DELETE: credentials.deleteCredential,
  }),
  route('/_mesh', 'server-admin', { GET: mesh.getMesh, PUT: mesh.putMesh, DELETE: mesh.deleteMesh }),
  route('/_mesh/invitations', 'server-admin', { POST: mesh.postInvitation }),
  route('/_mesh/join', 'server-admin', { POST: mesh.postJoin }),
  route('/_mesh/hello', 'server-admin', { POST: mesh.postHello }),
  route('/_mesh/members', 'everybody', { POST: mesh.postMember }),
  route('/_mesh/passive/:name', 'server-admin', { PUT: mesh.putPassive, DELETE: mesh.deletePassive }),
  route('/_mesh/members/:member', 'server-admin', { DELETE: mesh.deleteMember }),
]
