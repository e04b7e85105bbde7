import { request } from 'undici'
import { target } from '../../harness/client.ts'

/** An answer that was read to its end and not kept. */
interface ReadAnswer {
  readonly bytes: number
  /** Bytes by which the resident memory of this process, server and client, grew at most meanwhile. */
  readonly grown: number
}

/** Reads a long answer piece by piece, and watches memory. @param url with the admin's credentials */
export async function readGrowth(
  url: string,
  path: string,
  { method = 'GET', json }: { readonly method?: 'GET' | 'POST'; readonly json?: object } = {},
): Promise<ReadAnswer> {
  const { origin, headers } = target(url)
  const before = process.memoryUsage().rss
  let peak = before
  let bytes = 0
  const { body } = await request(origin + path, {
    method,
    headers: {
      ...headers,
      accept: 'application/json',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    peak = Math.max(peak, process.memoryUsage().rss)
  }
  return { bytes, grown: peak - before }
}
