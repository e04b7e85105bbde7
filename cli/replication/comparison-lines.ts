import { createInterface } from 'node:readline'
import type { ComparisonLine } from '../../replicator/comparison/lines.ts'
import type { Server } from '../frame/server.ts'

/** A line of `_compare`, as it came and parsed. */
interface ReceivedLine {
  readonly text: string
  readonly line: ComparisonLine
}

/** Has a server compare two databases, and yields the lines of its answer. One without a summary was cut off. */
export async function* comparisonLines(server: Server, request: object): AsyncGenerator<ReceivedLine> {
  const { body } = await server.open('POST', '_compare', JSON.stringify(request))
  for await (const text of createInterface({ input: body, crlfDelay: Infinity }))
    yield { text, line: JSON.parse(text) as ComparisonLine }
}
