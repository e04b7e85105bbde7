import type { SpanAttributes, Tracer } from '../../replicator/tracer.ts'

/** Request of a client, as its span describes it. */
export interface TracedRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Attributes that are known when the answer is. */
export interface RequestOutcome {
  readonly status: number
  /** Path without query. */
  readonly path: string
  /** Pattern of the route: "/:db/:docid". */
  readonly route: string | undefined
  readonly requestId: string | undefined
}

/** Sends spans of requests, commits and replications to an OpenTelemetry collector. */
export interface Tracing extends Tracer {
  /** Runs a request as a span: of the client's trace if it names one (`traceparent`), else of a new one. */
  request(request: TracedRequest, work: () => Promise<RequestOutcome>): Promise<void>
  /** Runs work as a span below the work under way; without any it is not recorded. */
  child<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>
  /** Sends what was not sent yet. Idempotent. */
  close(): Promise<void>
}
