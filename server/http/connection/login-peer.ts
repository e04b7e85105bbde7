import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config/config.ts'
import { peerOf } from './peer.ts'

interface Services {
  readonly config: Config
  readonly replicator: { readonly loginOrigins: { of(req: IncomingMessage): string | undefined } }
}

/** Returns where a login in a request counts as coming from: the client's address, or whose replication of this server asks. */
export function loginPeerOf({ req, services }: { req: IncomingMessage; services: Services }): string {
  return services.replicator.loginOrigins.of(req) ?? peerOf(req, services.config)
}
