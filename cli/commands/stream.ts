import { usageError } from '../frame/command-error.ts'
import type { Context } from '../frame/context.ts'
import type { Frame } from '../frame/frame.ts'
import { endpointJson } from '../replication/peers.ts'
import { addressOn, runJob } from '../replication/server-job.ts'

interface StreamOptions {
  readonly on?: string
  readonly jobId?: string
  readonly continuous?: boolean
  readonly format?: string
  readonly id?: string
  readonly consumer?: string
  readonly schema?: boolean
  readonly onError?: string
  readonly onGap?: string
  readonly echo?: string
  readonly credentials?: string
}

/** Adds `stream`: reads a stream of a broker into a database, or writes a database into one, as a job of a server. */
export function addStream(frame: Frame): void {
  frame
    .command(
      'stream <source> <target>',
      'Reads a stream into a database, or writes a database into one. One is nats://HOST/STREAM/SUBJECT or kafka://HOST/TOPIC.',
      [
        ['couchette stream orders "nats://localhost/ORDERS/orders.{id}" --continuous', 'changes out'],
        [
          'couchette stream kafka://localhost/shop.public.customers customers --format debezium --id "customer:{id}"',
          'rows in, to the end of the topic',
        ],
      ],
    )
    .option('--continuous', 'goes on with what comes from now on')
    .option('--format <format>', 'document, debezium or cloudevents (default: document)')
    .option('--id <template>', 'template of document ids: "customer:{id}" takes the column id')
    .option('--consumer <name>', 'name under which the offset of a source is kept')
    .option('--schema', 'events of a target have their schema')
    .option('--on-error <what>', 'continue or stop at events that cannot be stored')
    .option('--on-gap <what>', 'continue or stop where messages are gone that were not read')
    .option('--echo <name>', 'source that sends rows back which this target gets')
    .option('--credentials <name>', 'credentials in the environment of the server')
    .option('--on <url>', 'server that runs the job (a URL or @PROFILE); that of --url otherwise')
    .option('--job-id <id>', 'id of the job; one is made of the names otherwise')
    .action(frame.run<StreamOptions, [string, string]>(stream))
}

async function stream(context: Context, options: StreamOptions, from: string, to: string): Promise<number> {
  const [isSource, isTarget] = [from, to].map(text => BROKER.test(text))
  if (isSource === isTarget)
    throw usageError('One of source and target is a stream, nats://… or kafka://…, the other a database.')
  const server = options.on === undefined ? await context.server() : await context.serverAt(options.on)
  const broker = streamJson(isSource === true ? from : to, options)
  const database = endpointJson(await addressOn(context, server, isSource === true ? to : from))
  const continuous = options.continuous === true
  const sides =
    isSource === true ? { source: broker, target: database } : { source: database, target: broker }
  const id = options.jobId ?? `${from}-to-${to}`.replace(/\/\/[^/]*@/g, '//').replace(/[^\w-]+/g, '-')
  return runJob(context, server, { id, document: { ...sides, continuous }, continuous })
}

const BROKER = /^(nats|tls|kafka|kafkas):\/\//

/** Returns the endpoint of a replication document. */
function streamJson(text: string, options: StreamOptions): object {
  const [, url, scheme = '', first, second] =
    /^((nats|tls|kafka|kafkas):\/\/[^/]+)\/([^/]+)(?:\/(.+))?$/.exec(text) ?? []
  const isKafka = scheme.startsWith('kafka')
  if (url === undefined || (second === undefined) !== isKafka)
    throw usageError(`${text} is no stream: nats://HOST/STREAM/SUBJECT or kafka://HOST/TOPIC is.`)
  const { format, id, consumer, schema, onError, onGap, echo, credentials } = options
  const members = { format, id, consumer, schema, on_error: onError, on_gap: onGap, echo, credentials }
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return {
    url,
    ...(isKafka ? { topic: first } : { stream: first, subject: second }),
    ...Object.fromEntries(given),
  }
}
