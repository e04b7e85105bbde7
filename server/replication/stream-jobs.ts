import { hash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { Mask, maskIdentity } from '../../protocol/masks.ts'
import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { StreamEndpoint } from '../../protocol/streams/stream-endpoint.ts'
import type { HostGuard } from '../../replicator/http/guarded-lookup.ts'
import type { JobPeers } from '../../replicator/job.ts'
import { hostNotAllowed, PeerError } from '../../replicator/peer-error.ts'
import type { Peer } from '../../replicator/peer.ts'
import type { BrokerAccess } from '../../replicator/streams/contract.ts'
import { streamReader, streamWriter } from '../../replicator/streams/open-broker.ts'
import { SinkPeer } from '../../replicator/streams/sink-peer.ts'
import { StreamSourcePeer } from '../../replicator/streams/stream-peer.ts'
import { StreamRun } from '../../replicator/streams/stream-run.ts'
import type { Account, Accounts } from '../auth/accounts.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../database/catalog.ts'
import type { DatabaseName } from '../../protocol/database-name.ts'
import { configuredDocumentLimits } from '../database/documents/document-limits.ts'
import { requireMember } from '../database/security.ts'
import { rememberSent } from '../streams/sent-versions.ts'
import { StreamDatabase } from '../streams/stream-target.ts'
import { maskSecrets, type SecretReader } from './job-mask.ts'
import { variableName } from './variable-name.ts'
import { hostGuard, tlsOptions } from './replication-settings.ts'

/** Dependencies of jobs with streams. */
export interface StreamJobsHost {
  readonly config: Config
  readonly catalog: Catalog
  readonly users: Accounts
  /** Reads a secret of masks that the server keeps. */
  readonly secretOf: SecretReader
}

/** A database of this server that a job names, and the user for whom it does. */
export interface OwnDatabase {
  readonly name: DatabaseName
  readonly user: Account
}

/** Opens the sides of jobs that read or write a stream. */
export class StreamJobs {
  readonly #host: StreamJobsHost
  readonly #allows: HostGuard

  constructor(host: StreamJobsHost) {
    this.#host = host
    this.#allows = hostGuard(host.config)
  }

  /** @param own the source, if it is a database of this server */
  async sink(
    endpoint: ReplicationEndpoint,
    source: Peer,
    own: OwnDatabase | undefined,
    { options }: ReplicationRequest,
  ): Promise<JobPeers> {
    const stream = endpoint.stream!
    const { echo } = stream
    if (echo !== undefined && own === undefined)
      throw new PeerError(
        'not_supported',
        '`echo` needs a source that is a database of this server, by its address',
      )
    const writer = streamWriter(stream, this.#access(endpoint, options.connectionTimeoutMs))
    const database = own?.name ?? decodeURIComponent(/([^/]*)\/?$/.exec(source.url)?.[1] ?? '')
    const keyTypes = new Map(Array.from(stream.types, ([column, { name = '' }]) => [column, name]))
    const { format, schema, id: template } = stream
    const mask = stream.mask && new Mask(stream.mask, await maskSecrets(stream.mask, this.#host.secretOf))
    const form = stream.mask === undefined ? format : `${format}:${digestOf(maskIdentity(stream.mask))}`
    const target = new SinkPeer({
      url: endpoint.url,
      writer,
      source,
      events: { format, schema, database, template, keyTypes, mask },
      form,
      ...(echo === undefined || own === undefined
        ? {}
        : { sending: async events => rememberSent(await this.#host.catalog.open(own.name), echo, events) }),
    })
    return { source, target }
  }

  /** @param own the target, which must be a database of this server: only there place and documents are one commit */
  source(
    endpoint: ReplicationEndpoint,
    target: Peer,
    own: OwnDatabase | undefined,
    { options }: ReplicationRequest,
  ): JobPeers {
    const stream = endpoint.stream!
    if (own === undefined) {
      const reason = `${target.url} is no database of this server by its address, with the credentials of a user`
      throw new PeerError(
        'not_supported',
        `a stream can be read into a database of this server alone: ${reason}`,
      )
    }
    const reader = streamReader(stream, this.#access(endpoint, options.connectionTimeoutMs))
    const { continuous } = options
    const run = { continuous, stopsAtGaps: stream.onGap === 'stop', url: endpoint.url }
    return {
      source: new StreamSourcePeer(endpoint.url, reader),
      target,
      makeRun: events => new StreamRun(reader, this.#database(stream, own), run, events),
    }
  }

  #database(endpoint: StreamEndpoint, { name, user }: OwnDatabase): StreamDatabase {
    const { config, catalog, users } = this.#host
    return new StreamDatabase({
      endpoint,
      open: () => catalog.open(name),
      user: async database => {
        const current = await users.current(user)
        requireMember(current, database.security)
        return current
      },
      limits: () => configuredDocumentLimits(config),
      maxFailures: () => config.integer('couchette', 'max_failed_events'),
    })
  }

  #access({ stream, basic, headers }: ReplicationEndpoint, timeoutMs: number): BrokerAccess {
    const { rejectUnauthorized = true, ca, cert, key } = tlsOptions(this.#host.config)
    const token = /^Bearer (.*)$/s.exec(headers['Authorization'] ?? '')?.[1]
    return {
      ...(basic ?? {}),
      ...(token === undefined ? {} : { token }),
      ...credentialsOf(stream),
      ...(typeof ca === 'string' ? { ca } : {}),
      ...(typeof cert === 'string' ? { cert } : {}),
      ...(typeof key === 'string' ? { key } : {}),
      rejectUnauthorized,
      timeoutMs,
      partitionCheckMs: this.#host.config.integer('couchette', 'kafka_partition_interval'),
      queueBytes: this.#host.config.integer('couchette', 'stream_queue_bytes'),
      limits: {
        messageBytes: this.#host.config.integer('couchette', 'max_peer_document'),
        lineBytes: this.#host.config.integer('couchette', 'max_broker_line'),
      },
      checkHost: server => this.#checkHost(server),
    }
  }

  async #checkHost(server: string): Promise<void> {
    const hostname = server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
    const found = await lookup(hostname, { all: true }).catch((cause: unknown) => {
      throw new PeerError('nxdomain', `could not resolve ${hostname}`, { transient: true, cause })
    })
    if (!this.#allows(hostname) || !found.every(({ address }) => this.#allows(hostname, address)))
      throw hostNotAllowed(server)
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 12)
}

/** Returns whether the environment has the credentials that a stream names: `COUCHETTE_STREAM_NAME`. */
export function hasStreamCredentials({ stream }: ReplicationEndpoint): boolean {
  return textOf(stream) !== undefined
}

function textOf(stream: StreamEndpoint | undefined): string | undefined {
  if (stream?.credentials === undefined) return undefined
  return process.env[`COUCHETTE_STREAM_${variableName(stream.credentials)}`]
}

/**
 * Returns credentials of the environment: `COUCHETTE_STREAM_NAME` is "user:password", "token:TOKEN", or the content of a NATS
 * credentials file. Others by that name are those that the server keeps.
 */
function credentialsOf(
  stream: StreamEndpoint | undefined,
): Pick<BrokerAccess, 'username' | 'password' | 'token' | 'creds'> {
  const text = textOf(stream)
  if (text === undefined) return {}
  if (text.includes('BEGIN NATS USER JWT')) return { creds: text }
  const colon = text.indexOf(':')
  const [username, password] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  return username === 'token' ? { token: password } : { username, password }
}
