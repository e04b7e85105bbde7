import type { Route } from './context.ts'
import { route } from './route.ts'
import * as credentials from './replication/credentials.ts'

/** Rows of the route table about other servers: their credentials. */
export const PEERS: readonly Route[] = [
  route('/_credentials', 'server-admin', { GET: credentials.listCredentials }),
  route('/_credentials/:name', 'server-admin', {
    GET: credentials.getCredential,
    PUT: credentials.putCredential,
    DELETE: credentials.deleteCredential,
  }),
]
