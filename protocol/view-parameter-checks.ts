import { fail } from './errors.ts'
import type { ViewParameters } from './view-parameters.ts'

/** Checks what holds for all lists of rows, those of documents too. @throws `query_parse_error` */
export function checkMapParameters(parameters: ViewParameters): void {
  checkKeys(parameters, groupLevelOf(parameters, { hasReduce: false }))
}

/** Returns the level of grouping, undefined for rows. @throws `query_parse_error` */
export function groupLevelOf(
  { reduce, group, groupLevel }: ViewParameters,
  view: { readonly hasReduce: boolean },
): number | undefined {
  if (group === false && groupLevel !== undefined && groupLevel > 0) {
    throw fail('queryParse', "Can't specify group=false and group_level>0 at the same time")
  }
  const level = group === true ? Infinity : (groupLevel ?? 0)
  if (view.hasReduce && reduce !== false) return level
  if (reduce === true) throw fail('queryParse', 'Reduce is invalid for map-only views.')
  if (level > 0) throw fail('queryParse', 'Invalid use of grouping on a map view.')
  return undefined
}

/** @throws `query_parse_error` */
export function checkKeys({ keys, startKey, endKey }: ViewParameters, groupLevel: number | undefined): void {
  if (keys === undefined) return
  if (groupLevel !== undefined && groupLevel !== Infinity) {
    throw fail('queryParse', 'Multi-key fetches for reduce views must use `group=true`')
  }
  if (keys.length > 0 && (startKey !== undefined || endKey !== undefined)) {
    throw fail('queryParse', '`keys` is incompatible with `key`, `start_key` and `end_key`')
  }
}
