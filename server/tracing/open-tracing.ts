import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context, Span, SpanOptions } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { NO_TRACER, type SpanAttributes } from '../../replicator/tracer.ts'
import type { Config } from '../config/config.ts'
import { StartError } from '../config/start-error.ts'
import { VERSION } from '../node/version.ts'
import type { RequestOutcome, Tracing } from './tracing.ts'

/**
 * Opens the way to the collector that `[couchette] otlp_endpoint` names, over OTLP with HTTP and JSON; undefined where it
 * names none: then no package of OpenTelemetry is loaded, and requests cost what they cost without.
 *
 * Nothing is registered globally: a program that embeds the server keeps its own tracing.
 *
 * @throws {StartError} for an endpoint that is no URL
 */
export async function openTracing(config: Config, log: Logger): Promise<Tracing | undefined> {
  const endpoint = config.text('couchette', 'otlp_endpoint')
  if (endpoint === '') return undefined
  if (!/^https?:$/.test(protocolOf(endpoint)))
    throw new StartError(
      `[couchette] otlp_endpoint = ${endpoint}: it takes a URL, such as http://127.0.0.1:4318.`,
    )
  const [api, core, sdk, otlp, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api
  const exporter = new otlp.OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: headersOf(config.text('couchette', 'otlp_headers')),
  })
  const ratio = config.integer('couchette', 'trace_sample_percent') / 100
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': 'couchette',
      'service.version': VERSION,
      'service.instance.id': config.text('couchdb', 'uuid'),
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor(reported(exporter, log))],
  })
  const tracer = provider.getTracer('couchette', VERSION)
  const propagator = new core.W3CTraceContextPropagator()
  const active = new AsyncLocalStorage<Context>()

  const run = async <T>(
    name: string,
    options: SpanOptions,
    parent: Context,
    work: (span: Span) => Promise<T>,
  ): Promise<T> => {
    const span = tracer.startSpan(name, options, parent)
    try {
      return await active.run(trace.setSpan(parent, span), () => work(span))
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) })
      throw error
    } finally {
      span.end()
    }
  }

  return {
    request: ({ method, headers }, work) => {
      const parent = propagator.extract(ROOT_CONTEXT, headers, api.defaultTextMapGetter)
      const options = { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } }
      return run(method, options, parent, async span => {
        const outcome = await work()
        describe(span, method, outcome)
        if (outcome.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      })
    },
    child: (name, attributes, work) => {
      const parent = active.getStore()
      // Work that goes on behind an answer is not a part of the request any more.
      const isUnderWay = parent !== undefined && trace.getSpan(parent)?.isRecording() === true
      return isUnderWay ? run(name, { attributes }, parent, work) : work()
    },
    root: (name, attributes, work) => run(name, { attributes, root: true }, ROOT_CONTEXT, work),
    headers: () => {
      const context = active.getStore()
      if (context === undefined) return NO_TRACER.headers()
      const carrier: Record<string, string> = {}
      propagator.inject(context, carrier, api.defaultTextMapSetter)
      return carrier
    },
    close: () => provider.shutdown().catch(() => undefined),
  }
}

function describe(span: Span, method: string, { status, path, route, requestId }: RequestOutcome): void {
  const attributes: Record<string, string | number> = {
    'http.response.status_code': status,
    'url.path': path,
  }
  if (route !== undefined) attributes['http.route'] = route
  if (requestId !== undefined) attributes['couchdb.request_id'] = requestId
  span.setAttributes(attributes satisfies SpanAttributes)
  if (route !== undefined) span.updateName(`${method} ${route}`)
}

interface Exporter {
  export(spans: never, done: (result: { code: number; error?: Error }) => void): void
}

/** Logs the first of the failures in a row: a collector that is away must not fill the log. */
function reported<E extends Exporter>(exporter: E, log: Logger): E {
  const send = exporter.export.bind(exporter)
  let isFailing = false
  exporter.export = (spans, done) =>
    send(spans, result => {
      if (result.code === 0) isFailing = false
      else {
        if (!isFailing) log.warn({ reason: messageOf(result.error) }, 'traces could not be sent')
        isFailing = true
      }
      done(result)
    })
  return exporter
}

/** Returns headers of "name=value,name=value", as OpenTelemetry's own variables are written. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter(pair => pair.includes('='))
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    }),
  )
}

function protocolOf(url: string): string {
  try {
    return new URL(url).protocol
  } catch {
    return ''
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
