import { readFileSync } from 'node:fs'
import type { ReplicationDefaults, ReplicationOptions } from '../../protocol/replication-options.ts'
import type { ReplicationRequest } from '../../protocol/replication-request.ts'
import type { TlsOptions } from '../../replicator/http/connections.ts'
import type { PeerLimits } from '../../replicator/http/held-memory.ts'
import type { ReplicationPlan } from '../../replicator/replication.ts'
import type { SchedulerOptions } from '../../replicator/scheduler.ts'
import type { HostGuard } from '../../replicator/http/guarded-lookup.ts'
import { fileError } from '../config/start-error.ts'
import type { Config } from '../config/config.ts'
import { HostRules } from './host-rules.ts'
import { checkPrivateSync } from '../storage/private-file.ts'

/** Returns the default options of replications. */
export function replicationDefaults(config: Config): ReplicationDefaults {
  return {
    connectionTimeoutMs: config.integer('replicator', 'connection_timeout'),
    retriesPerRequest: config.integer('replicator', 'retries_per_request'),
    httpConnections: config.integer('replicator', 'http_connections'),
    workerBatchSize: config.integer('replicator', 'worker_batch_size'),
    workerProcesses: config.integer('replicator', 'worker_processes'),
    checkpointIntervalMs: config.integer('replicator', 'checkpoint_interval'),
    useCheckpoints: config.boolean('replicator', 'use_checkpoints'),
    useBulkGet: config.boolean('replicator', 'use_bulk_get'),
  }
}

/** Returns the limits of replications, which a request cannot change. */
export function planLimits(
  config: Config,
): Pick<ReplicationPlan, 'maxRewind' | 'maxIdBytes' | 'maxDeltaResult'> {
  const takesDeltas = config.integer('couchette', 'delta_max_size') > 0
  return {
    maxDeltaResult: takesDeltas ? config.integer('couchette', 'max_peer_document') : 0,
    maxRewind: config.integer('replicator', 'max_rewind'),
    maxIdBytes: config.integer('replicator', 'max_document_id_length'),
  }
}

export function schedulerOptions(config: Config): SchedulerOptions {
  return {
    maxJobs: config.integer('replicator', 'max_jobs'),
    intervalMs: config.integer('replicator', 'interval'),
    maxChurn: config.integer('replicator', 'max_churn'),
    healthThresholdMs: config.integer('replicator', 'health_threshold') * 1000,
    backoffMs: config.integer('replicator', 'crash_backoff'),
    shares: Object.fromEntries(
      Array.from(config.section('replicator.shares'), ([name, share]) => [name, Number(share)]),
    ),
    maxHistory: config.integer('replicator', 'max_history'),
    startupJitterMs: config.integer('replicator', 'startup_jitter'),
    get stallMs() {
      return config.integer('replicator', 'stall_timeout')
    },
    silenceMs: config.integer('couchette', 'source_silence_timeout'),
    keepFailedMs: config.integer('couchette', 'failed_job_retention'),
  }
}

/** Returns the limits of memory for peers' answers. */
export function peerLimits(config: Config): PeerLimits {
  return {
    maxAnswer: config.integer('couchette', 'max_peer_answer'),
    maxValues: config.integer('couchette', 'max_peer_values'),
    maxDocument: config.integer('couchette', 'max_peer_document'),
    maxRow: config.integer('couchette', 'max_peer_row'),
    maxMemory: config.integer('couchette', 'max_peer_memory'),
  }
}

/** Returns whether the settings keep replications from any host. */
export function hasHostRules(config: Config): boolean {
  const lists = ['replication_allowed_hosts', 'replication_denied_hosts'] as const
  return lists.some(name => config.list('couchette', name).length > 0)
}

/** Returns what the settings say of hosts that replications may reach, as they are configured now. */
export function hostGuard(config: Config): HostGuard {
  let known: { readonly text: string; readonly rules: HostRules } | undefined
  return (hostname, address) => {
    const lists = [
      config.list('couchette', 'replication_allowed_hosts'),
      config.list('couchette', 'replication_denied_hosts'),
    ] as const
    const text = JSON.stringify(lists)
    if (known?.text !== text) known = { text, rules: new HostRules(...lists) }
    return known.rules.allows(hostname, address)
  }
}

/**
 * @throws {StoreUnavailableError} for a private key that others can read
 * @throws {StartError} for a file that cannot be read
 */
export function tlsOptions(config: Config): TlsOptions {
  const file = (name: 'ssl_trusted_certificates_file' | 'cert_file' | 'key_file'): string | undefined => {
    const path = config.text('replicator', name)
    if (path === '') return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      throw fileError(error, `The file of [replicator] ${name}`, path)
    }
  }
  const [ca, cert, key] = [file('ssl_trusted_certificates_file'), file('cert_file'), file('key_file')]
  if (key !== undefined)
    checkPrivateSync(config.text('replicator', 'key_file'), 'The private key of [replicator]')
  const passphrase = config.text('replicator', 'password')
  return {
    rejectUnauthorized: config.boolean('replicator', 'verify_ssl_certificates'),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === '' ? {} : { passphrase }),
  }
}

/** A stream has the events of a document in their order: one worker alone keeps it, and the winner is the row. */
export function planOptions({ options, target }: ReplicationRequest): ReplicationOptions {
  if (target.stream === undefined) return options
  return { ...options, workerProcesses: 1, winningRevsOnly: true, createTarget: false }
}
