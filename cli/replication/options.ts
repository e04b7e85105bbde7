import { readFile } from 'node:fs/promises'
import { ReplicationSyntaxError } from '../../protocol/replication-error.ts'
import { parseOptions, REPLICATION_DEFAULTS } from '../../protocol/replication-options.ts'
import type { ReplicationOptions } from '../../protocol/replication-options.ts'
import { usageError } from '../frame/command-error.ts'

/** Options of `replicate` as they are typed. */
export interface TypedOptions {
  readonly continuous?: boolean
  readonly createTarget?: boolean
  /** JSON, or a file of it: "@selector.json". */
  readonly selector?: string
  /** Ids with commas between, or a file with one in each line: "@ids". */
  readonly docIds?: string
  /** A function of a design document of the source: "DESIGN/NAME". */
  readonly filter?: string
  /** Parameters of the function: "name=value". */
  readonly filterParam?: readonly string[]
  readonly winningRevsOnly?: boolean
  readonly since?: string
  readonly checkpoints?: boolean
  readonly batchSize?: string
  readonly workers?: string
  readonly retries?: string
}

/** Returns the members of a replication document for the options. @throws {CommandError} */
export async function replicationMembers(options: TypedOptions): Promise<Record<string, unknown>> {
  const { continuous, createTarget, winningRevsOnly, since, checkpoints } = options
  return {
    ...(continuous === true ? { continuous } : {}),
    ...(createTarget === true ? { create_target: true } : {}),
    ...(winningRevsOnly === true ? { winning_revs_only: true } : {}),
    ...(since === undefined ? {} : { since_seq: since }),
    ...(checkpoints === false ? { use_checkpoints: false } : {}),
    ...(options.selector === undefined ? {} : { selector: await selectorOf(options.selector) }),
    ...(options.docIds === undefined ? {} : { doc_ids: await idsOf(options.docIds) }),
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...(options.filterParam === undefined ? {} : { query_params: paramsOf(options.filterParam) }),
    ...positive('worker_batch_size', '--batch-size', options.batchSize),
    ...positive('worker_processes', '--workers', options.workers),
    ...positive('retries_per_request', '--retries', options.retries),
  }
}

/** @throws {CommandError} for what no replication can be */
export function parseMembers(members: Record<string, unknown>): ReplicationOptions {
  try {
    return parseOptions(members, REPLICATION_DEFAULTS)
  } catch (error) {
    throw error instanceof ReplicationSyntaxError
      ? usageError(`This is no replication: ${error.reason}.`)
      : error
  }
}

/** Parses a selector that was typed, or that is in a file. @throws {CommandError} */
export async function selectorOf(text: string): Promise<object> {
  const json = await textOf(text)
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below.
  }
  throw usageError(`--selector takes a JSON object, as {"type":"order"}, or a file of it: @FILE.`)
}

/** Reads the rules of a mask: JSON, or a file of it. */
export async function maskOf(text: string): Promise<readonly unknown[]> {
  const json = await textOf(text)
  try {
    const value: unknown = JSON.parse(json)
    if (Array.isArray(value)) return value as readonly unknown[]
  } catch {
    // Told below.
  }
  throw usageError(
    `--mask takes a JSON array of rules, as [{"field":"mail","remove":true}], or a file of it: @FILE.`,
  )
}

async function idsOf(text: string): Promise<string[]> {
  const ids = (await textOf(text)).split(text.startsWith('@') ? /\r?\n/ : ',')
  // The interface of CouchDB takes them percent-encoded.
  return ids.filter(id => id !== '').map(encodeURIComponent)
}

function paramsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (name === undefined) throw usageError(`--filter-param takes NAME=VALUE, not "${text}".`)
      return [name, value]
    }),
  )
}

async function textOf(text: string): Promise<string> {
  if (!text.startsWith('@')) return text
  try {
    return await readFile(text.slice(1), 'utf8')
  } catch (error) {
    throw usageError(
      `${text.slice(1)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`,
    )
  }
}

function positive(member: string, option: string, text: string | undefined): Record<string, number> {
  if (text === undefined) return {}
  if (!/^\d{1,9}$/.test(text)) throw usageError(`${option} takes a number, not "${text}".`)
  return { [member]: Number(text) }
}
