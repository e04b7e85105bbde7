import { fail } from '../../protocol/errors.ts'
import { boundaryOf } from '../../protocol/multipart/content-type.ts'
import {
  DEFAULT_MULTIPART_LIMITS,
  MultipartParser,
  type MultipartEvent,
  type MultipartLimits,
} from '../../protocol/multipart/parser.ts'

/**
 * An event with the depth of its part: 0 for the parts of the body itself, 1 for those of a part that is a multipart
 * body in its turn. Such a part gives its `headers`, then the events of its parts one deeper up to their `end`, then
 * its `part-end`; it has no `body` of its own.
 */
export type NestedEvent = MultipartEvent & { readonly depth: number }

const MAX_DEPTH = 4

/** As `MultipartParser`, and parts of a multipart type are parsed in their turn. */
export class NestedMultipartParser {
  readonly #outer: MultipartParser
  readonly #limits: MultipartLimits
  readonly #depth: number
  #inner: NestedMultipartParser | undefined

  constructor(boundary: string, limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS, depth = 0) {
    if (depth >= MAX_DEPTH) throw fail('malformedMultipart', 'parts are nested too deeply')
    this.#outer = new MultipartParser(boundary, limits)
    this.#limits = limits
    this.#depth = depth
  }

  get ended(): boolean {
    return this.#outer.ended
  }

  /** @throws `bad_request` as `MultipartParser#push`, and where a nested body is not closed within its part */
  push(chunk: Uint8Array): NestedEvent[] {
    const events: NestedEvent[] = []
    for (const event of this.#outer.push(chunk)) this.#take(event, events)
    return events
  }

  finish(): void {
    this.#outer.finish()
  }

  #take(event: MultipartEvent, events: NestedEvent[]): void {
    if (event.kind === 'body' && this.#inner !== undefined) {
      events.push(...this.#inner.push(event.bytes))
      return
    }
    if (event.kind === 'headers') this.#inner = this.#open(event.headers.get('content-type'))
    if (event.kind === 'part-end') this.#inner?.finish()
    events.push({ ...event, depth: this.#depth })
  }

  #open(contentType: string | undefined): NestedMultipartParser | undefined {
    const boundary = boundaryOf(contentType)
    return boundary === undefined
      ? undefined
      : new NestedMultipartParser(boundary, this.#limits, this.#depth + 1)
  }
}
