import { parseOptions, REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import { PeerError } from '../../replicator/peer-error.ts'
import type { WriteFailure } from '../../replicator/peer.ts'
import { CommandError } from '../frame/command-error.ts'
import { UNREACHABLE } from '../frame/exit-codes.ts'
import { requestFailure } from '../frame/failures.ts'
import { copySettings, type DatabaseProps, makeDatabase } from '../replication/make-target.ts'
import { runReplication } from '../replication/run.ts'
import { buildIndexes } from './build-indexes.ts'
import type { IndexReport } from './build-indexes.ts'
import type { Migration } from './migration.ts'
import { missingLeaves } from './missing-leaves.ts'
import type { Comparison } from './missing-leaves.ts'

/** Result for one database, as the report has it. */
export interface DatabaseReport {
  readonly name: string
  readonly ok: boolean
  /** Documents that live and that are deleted, on both sides; null where the side was not reached. */
  readonly source: Counts | null
  readonly target: Counts | null
  readonly written: number
  readonly refused: readonly WriteFailure[]
  readonly refusedTotal: number
  readonly indexes: readonly IndexReport[]
  readonly comparison: Comparison | null
  readonly error: string | null
  readonly milliseconds: number
}

export interface Counts {
  readonly documents: number
  readonly deleted: number
}

interface DatabaseInfo extends DatabaseProps {
  readonly doc_count: number
  readonly doc_del_count: number
}

/** Rounds of copying and comparing: a database that is written to meanwhile differs after the first. */
const ROUNDS = 3

/** Documents of system databases that belong to the server itself: its design documents. */
const SYSTEM_DOCUMENTS: Readonly<Record<string, object>> = {
  _users: { _id: { $regex: '^org\\.couchdb\\.user:' } },
  _replicator: { _id: { $regex: '^[^_]' } },
}

/**
 * Moves one database: its security, its limits, its documents with all leaves; then builds its indexes and compares it. What is
 * there already is left. A failure of the database is part of the report; one of the connection is thrown.
 */
export async function migrateDatabase(migration: Migration, name: string): Promise<DatabaseReport> {
  const began = performance.now()
  const report: { -readonly [Key in keyof DatabaseReport]: DatabaseReport[Key] } = {
    name,
    ok: false,
    source: null,
    target: null,
    written: 0,
    refused: [],
    refusedTotal: 0,
    indexes: [],
    comparison: null,
    error: null,
    milliseconds: 0,
  }
  try {
    const path = encodeURIComponent(name)
    const info = await migration.source.get<DatabaseInfo>(path)
    report.source = countsOf(info)
    await prepareTarget(migration, path, name, info)
    await copy(migration, name, report)
    const built = migration.settings.indexes && !isSystem(name)
    if (built) report.indexes = await buildIndexes(migration, name)
    report.source = countsOf(await migration.source.get<DatabaseInfo>(path))
    report.target = countsOf(await migration.target.get<DatabaseInfo>(path))
  } catch (error) {
    const failure = error instanceof PeerError ? requestFailure(error, migration.source.url) : error
    if (!(failure instanceof CommandError) || failure.exitCode === UNREACHABLE) throw failure
    report.error = failure.message
  }
  report.milliseconds = Math.round(performance.now() - began)
  report.ok =
    report.error === null &&
    report.refusedTotal === 0 &&
    (report.comparison?.missing ?? 0) === 0 &&
    report.indexes.every(({ error }) => error === null)
  return report
}

async function prepareTarget(
  { source, target, show }: Migration,
  path: string,
  name: string,
  info: DatabaseProps,
): Promise<void> {
  show(name, 'security')
  const [from, to] = [
    { server: source, path },
    { server: target, path },
  ]
  await makeDatabase(to, info)
  // Before the first document arrives.
  if (!isSystem(name)) await copySettings(from, to, ['_security', '_revs_limit'])
}

async function copy(
  { source, target, peers, settings, signal, show }: Migration,
  name: string,
  report: {
    written: number
    refused: readonly WriteFailure[]
    refusedTotal: number
    comparison: Comparison | null
  },
): Promise<void> {
  const selector = SYSTEM_DOCUMENTS[name.replace(/^.*\//, '')]
  const members = selector === undefined ? {} : { selector }
  const defaults = { ...REPLICATION_DEFAULTS, retriesPerRequest: settings.retries }
  const request = {
    source: { connection: source.connection, database: name },
    target: { connection: target.connection, database: name },
    options: parseOptions(members, defaults),
  }
  for (let round = 1; round <= ROUNDS; round++) {
    const result = await runReplication(peers, request, state => show(name, 'documents', state), signal)
    report.written += result.docsWritten
    report.refusedTotal += result.docWriteFailures
    report.refused = [...report.refused, ...result.failures]
    if (!settings.compare) return
    show(name, 'comparing')
    report.comparison = await missingLeaves(peers, request, signal)
    if (report.comparison.missing === 0 || report.refusedTotal > 0) return
  }
}

export function isSystem(name: string): boolean {
  return /(^|\/)_(users|replicator)$/.test(name)
}

function countsOf({ doc_count: documents, doc_del_count: deleted }: DatabaseInfo): Counts {
  return { documents, deleted }
}
