import type { Client } from '../../harness/client.ts'

/** Bytes that the server says it holds: the parts that CouchDB's `_system` tells, or the process of a Couchette. */
export async function memoryOf(client: Client): Promise<number> {
  const { memory } = await client.json<{ memory: Record<string, number> }>(
    'GET',
    '/_node/_local/_system',
    200,
  )
  const { other = 0, atom = 0, processes = 0, binary = 0, code = 0, ets = 0 } = memory
  return other + atom + processes + binary + code + ets
}
