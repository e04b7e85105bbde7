import anyTest from 'ava'
import type { ExecutionContext } from 'ava'
import { startServer } from './server.ts'
import type { RunningServer } from './server.ts'

/**
 * A test with a server that is always closed.
 *
 * @example test('a new database is empty', withServer, async (t, { url }) => { … })
 */
export const withServer = anyTest.macro(
  async (t: ExecutionContext, body: (t: ExecutionContext, server: RunningServer) => Promise<void>) => {
    const server = await startServer()
    try {
      await body(t, server)
    } finally {
      await server.close()
    }
  },
)
