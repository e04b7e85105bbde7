import { maskIdentity, type MaskRule } from '../masks.ts'
import { badReplication, invalidEndpoint } from '../replication-error.ts'
import { BadEvent } from './bad-event.ts'
import { type IdTemplate, parseIdTemplate } from './id-template.ts'
import { type ConnectSchema, parseTypeHint } from './schema.ts'

export type StreamFormat = 'document' | 'debezium' | 'cloudevents'

/** A stream as a replication names it, as source or target. */
export interface StreamEndpoint {
  readonly broker: 'nats' | 'kafka'
  /** "host:port" of each server. */
  readonly servers: readonly string[]
  readonly tls: boolean
  readonly sasl: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  /** Name of credentials in the environment. */
  readonly credentials: string | undefined
  /** Of NATS: the stream. */
  readonly stream: string | undefined
  /** Of NATS: the subjects to read, or the template of those to write to; of Kafka: the topic. */
  readonly subject: string
  /** Name under which a source's offset is kept. */
  readonly consumer: string
  readonly format: StreamFormat
  /** Template of document ids: how rows get ids, and how a sink finds key columns in ids. */
  readonly id: IdTemplate | undefined
  readonly types: ReadonlyMap<string, ConnectSchema>
  /** True if a sink writes the schemas of its events. */
  readonly schema: boolean
  readonly onError: 'continue' | 'stop'
  readonly onGap: 'continue' | 'stop'
  /** Undefined, the default: a truncated table is a failure. */
  readonly onTruncate: 'delete' | undefined
  /** Name of the source whose database this sink's events go to: what comes back from there is an echo. */
  readonly echo: string | undefined
  /** Rules by which a sink hides values; undefined where it hides none. */
  readonly mask: readonly MaskRule[] | undefined
}

type Members = Readonly<Record<string, unknown>>

const SCHEMES = /^(nats|tls|kafka|kafkas):\/\//
const DEFAULT_PORTS = { nats: 4222, kafka: 9092 } as const

/** Returns whether an endpoint is a stream rather than a database. */
export function isStreamUrl(url: string): boolean {
  return SCHEMES.test(url)
}

/** Parses an endpoint with the URL of a broker. @throws ReplicationSyntaxError */
export function parseStreamEndpoint(url: string, members: Members): StreamEndpoint {
  const scheme = SCHEMES.exec(url)?.[1]
  const broker = scheme === 'nats' || scheme === 'tls' ? 'nats' : 'kafka'
  const servers = serversOf(url, DEFAULT_PORTS[broker])
  const text = (name: string): string | undefined => textMember(members, name)
  const subject = broker === 'nats' ? text('subject') : text('topic')
  if (subject === undefined)
    throw badReplication(`a ${broker} endpoint needs a \`${broker === 'nats' ? 'subject' : 'topic'}\``)
  if (broker === 'nats' && text('stream') === undefined)
    throw badReplication('a nats endpoint needs a `stream`')
  return {
    broker,
    servers,
    tls: scheme === 'tls' || scheme === 'kafkas',
    sasl: oneOf(members, 'sasl', ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
    credentials: text('credentials'),
    stream: text('stream'),
    subject,
    consumer: text('consumer') ?? 'couchette',
    format: oneOf(members, 'format', ['document', 'debezium', 'cloudevents']),
    id: templateOf(text('id')),
    types: typesOf(members.types),
    schema: members.schema === true,
    onError: oneOf(members, 'on_error', ['continue', 'stop']),
    onGap: oneOf(members, 'on_gap', ['stop', 'continue']),
    onTruncate: oneOf(members, 'on_truncate', ['refuse', 'delete']) === 'delete' ? 'delete' : undefined,
    echo: text('echo'),
    mask: undefined,
  }
}

/** Returns a text that differs for streams which are not read or written in the same way; without credentials. */
export function streamIdentity({ id, types, mask, ...rest }: StreamEndpoint): string {
  const hints = Array.from(types, ([column, { name, scale }]) => [column, name, scale])
  return JSON.stringify({ ...rest, id: id?.text, types: hints, mask: mask && maskIdentity(mask) })
}

function serversOf(url: string, port: number): string[] {
  const authority = url.replace(SCHEMES, '').replace(/\/.*$/s, '').replace(/^.*@/s, '')
  const servers = authority.split(',').map(server => (/:\d+$/.test(server) ? server : `${server}:${port}`))
  if (servers.some(server => !URL.canParse(`http://${server}`) || server.startsWith(':')))
    throw invalidEndpoint()
  return servers
}

function textMember(members: Members, name: string): string | undefined {
  const value = members[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '')
    throw badReplication(`\`${name}\` of a stream must be a text`)
  return value
}

/** The first of the values is the default. */
function oneOf<T extends string>(members: Members, name: string, values: readonly [T, ...T[]]): T {
  const value = members[name]
  if (value === undefined) return values[0]
  const found = values.find(one => one === value)
  if (found === undefined) throw badReplication(`\`${name}\` of a stream must be one of ${values.join(', ')}`)
  return found
}

function templateOf(text: string | undefined): IdTemplate | undefined {
  try {
    return text === undefined ? undefined : parseIdTemplate(text)
  } catch (error) {
    throw error instanceof BadEvent ? badReplication(error.reason) : error
  }
}

function typesOf(value: unknown): Map<string, ConnectSchema> {
  const types = new Map<string, ConnectSchema>()
  if (value === undefined) return types
  if (typeof value !== 'object' || value === null)
    throw badReplication('`types` of a stream must be an object')
  for (const [column, text] of Object.entries(value)) {
    const type = typeof text === 'string' ? parseTypeHint(text) : undefined
    if (type === undefined) throw badReplication(`the type of \`${column}\` must be the name of a type`)
    types.set(column, type)
  }
  return types
}
