import type { Socket } from 'node:net'
import type { ConnectionRegistry } from '../../../replicator/http/connections.ts'
import type { StoreThread } from '../following/store-thread.ts'

/** Tells the store thread of connections to peers: it knows its own jobs by them, when they ask this very server. */
export function askedRegistry(store: StoreThread): ConnectionRegistry {
  return {
    add: async (socket: Socket) => {
      const { localAddress, localPort, remoteAddress, remotePort } = socket
      const ends = { localAddress, localPort, remoteAddress, remotePort }
      socket.once('close', () => {
        store.ask({ kind: 'connection_closed', ends }).catch(() => undefined)
      })
      await store.ask({ kind: 'connection_opened', ends })
    },
  }
}
