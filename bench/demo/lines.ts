import { request } from 'undici'
import { target } from '../../harness/client.ts'

/** The lines of a long answer that are not empty, as they come; ends when the server or the signal ends it. */
export async function* lines(url: string, path: string, signal: AbortSignal): AsyncGenerator<string> {
  const { origin, headers } = target(url)
  try {
    const { statusCode, body } = await request(origin + path, { headers, signal, bodyTimeout: 0 })
    if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`)
    body.setEncoding('utf8')
    yield* splitLines(body as AsyncIterable<string>)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The rows of a feed or list that has one row a line. */
export async function* rows<Row>(url: string, path: string, signal: AbortSignal): AsyncGenerator<Row> {
  for await (const line of lines(url, path, signal)) {
    if (line.startsWith('{"id"') || line.startsWith('{"seq"')) yield JSON.parse(line.replace(/,$/, '')) as Row
  }
}

async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
  }
}
