/** Values that describe a span. */
export type SpanAttributes = Readonly<Record<string, string | number>>

/** Records the work of replications as spans of a trace. */
export interface Tracer {
  /** Runs work as a trace of its own, whatever it was called from. */
  root<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>
  /** Returns headers that have a peer continue the trace of the work under way (W3C `traceparent`). */
  headers(): Readonly<Record<string, string>>
}

const NO_HEADERS = {}

/** Records nothing. */
export const NO_TRACER: Tracer = {
  root: (_name, _attributes, work) => work(),
  headers: () => NO_HEADERS,
}
