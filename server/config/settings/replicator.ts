import type { Setting } from '../setting.ts'

/** Replications. */
export const REPLICATOR_SETTINGS = {
  replicator: {
    max_jobs: { kind: 'integer', default: 500, about: 'Replications that run at once' },
    interval: { kind: 'integer', default: 60_000, unit: 'milliseconds', about: 'Time between schedulings' },
    max_churn: { kind: 'integer', default: 20, about: 'Replications started or stopped by one scheduling' },
    max_history: { kind: 'integer', default: 20, about: 'Events kept of one replication' },
    worker_processes: { kind: 'integer', default: 4, about: 'Batches fetched at once by one replication' },
    worker_batch_size: { kind: 'integer', default: 500, about: 'Changes in one batch' },
    http_connections: {
      kind: 'integer',
      default: 20,
      about: 'Connections of one replication to each server',
    },
    connection_timeout: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Longest silence of a peer',
    },
    retries_per_request: { kind: 'integer', default: 5, about: 'Tries again of a request that failed' },
    use_checkpoints: { kind: 'boolean', default: true, about: 'Keeps checkpoints on source and target' },
    use_bulk_get: { kind: 'boolean', default: true, about: 'Fetches documents through `_bulk_get`' },
    checkpoint_interval: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Time between checkpoints',
    },
    stall_timeout: {
      kind: 'integer',
      default: 120_000,
      unit: 'milliseconds',
      about: 'A job whose pending changes do not move for so long says that it is stalled',
    },
    max_rewind: {
      kind: 'integer',
      default: 0,
      about: 'Changes that a replication may go back when its checkpoint is lost; 0 for any number',
    },
    health_threshold: {
      kind: 'integer',
      default: 120,
      unit: 'seconds',
      about: 'A replication that ran for so long has recovered from its crashes',
    },
    startup_jitter: {
      kind: 'integer',
      default: 0,
      unit: 'milliseconds',
      about: 'Longest wait of a replication before it starts; each waits for a random part of it',
    },
    crash_backoff: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      about: 'Wait after the first crash; it doubles with each that follows',
    },
    max_document_id_length: {
      kind: 'integer',
      default: Infinity,
      unit: 'bytes',
      about: 'Longer ids are passed over',
    },
    verify_ssl_certificates: { kind: 'boolean', default: false, about: "Checks the peers' certificates" },
    ssl_trusted_certificates_file: { kind: 'text', default: '', about: 'Authorities of peers (PEM)' },
    cert_file: { kind: 'text', default: '', about: 'Certificate to show to peers (PEM)' },
    key_file: { kind: 'text', default: '', about: 'Its private key (PEM)' },
    password: { kind: 'text', default: '', about: 'Password of that key', sensitive: true },
  },
} as const satisfies Record<string, Record<string, Setting>>
