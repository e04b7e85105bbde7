import { fail } from '../../../protocol/errors.ts'
import type { DatabaseOptions } from '../../database/catalog.ts'
import type { QueryParams } from '../../http/request/query-params.ts'

/**
 * Parses the options of `PUT /{db}`. Those about a cluster (`q`, `n`, `placement`) are checked; of them `q` is stored.
 *
 * @throws `bad_request`
 */
export function databaseOptions(query: QueryParams): DatabaseOptions {
  const shards = positive(query, 'q')
  positive(query, 'n')
  const placement = query.text('placement')
  if (placement !== undefined && !isPlacement(placement)) {
    throw fail('badRequest', 'The `placement` value should be in a format `zone:n`.')
  }
  const engine = query.text('engine')
  if (engine !== undefined && engine !== 'couch') throw fail('badRequest', 'invalid_engine_extension')
  return { partitioned: partitioned(query), ...(shards === undefined ? {} : { shards }) }
}

function positive(query: QueryParams, name: string): number | undefined {
  const text = query.text(name)
  if (text === undefined) return undefined
  if (!/^\+?\d+$/.test(text) || Number(text) === 0) {
    throw fail('badRequest', `The \`${name}\` value should be a positive integer.`)
  }
  return Number(text)
}

function isPlacement(text: string): boolean {
  return text !== '' && text.split(',').every(rule => /^[^:]+:0*[1-9]\d*$/.test(rule))
}

function partitioned(query: QueryParams): boolean {
  const text = query.text('partitioned')
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw fail('badRequest', 'Invalid `partitioned` parameter')
}
