import { isArray, scope, stringify } from './builtins.ts'
import { host } from './host.ts'

/** Installs `log`, `toJSON`, `isArray` and `sum`, which all functions have. */
export function installGlobals(): void {
  scope.log = (message: unknown) =>
    host.log(typeof message === 'string' ? message : (stringify(message) ?? ''))
  scope.toJSON = stringify
  scope.isArray = isArray
  scope.sum = sum
}

function sum(values: unknown[]): unknown {
  let total: unknown = 0
  // Strings are joined, as CouchDB joins them.
  for (const value of Object.values(values)) (total as number) += value as number
  return total
}
