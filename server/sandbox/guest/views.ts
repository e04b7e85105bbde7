import type { GuestErrors } from './errors.ts'
import type { GuestFunction, GuestHost } from './host.ts'
import type { GuestModules } from './modules.ts'

export interface GuestViews {
  /** Compiles the map functions; the message of the first that does not compile goes to the caller. */
  setMaps(sources: unknown[]): void
  /**
   * The rows that each function emits for each document, as text: key and value in JSON, separated by U+0001, rows
   * ended by U+0002, functions by U+0003, documents by U+0004. JSON text has none of them. Where there are many, the first
   * documents' rows are given to the host.
   */
  map(documents: unknown[]): string
  /** Whether a map function emits anything for each document. */
  emits(source: unknown, documents: unknown[]): boolean[]
  /** The result of one function for each batch; null for those in which it throws. */
  reduce(source: unknown, batches: [keys: unknown, values: unknown[]][], rereduce: boolean): unknown[]
}

export function createViews(host: GuestHost, modules: GuestModules, errors: GuestErrors): GuestViews {
  const { stringify } = JSON
  const { freeze, keys: namesOf } = Object
  const { isArray } = Array
  const scope = globalThis as unknown as Record<string, unknown>
  const longest = 4 * 1024 * 1024
  let maps: GuestFunction[] = []
  let rows = ''
  let hasEmitted = false

  scope.emit = (key: unknown, value: unknown) => {
    hasEmitted = true
    // What JSON does not know is null.
    rows += `${stringify(key) ?? 'null'}\u0001${stringify(value) ?? 'null'}\u0002`
  }

  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

  const deepFreeze = (value: object): void => {
    freeze(value)
    if (isArray(value)) {
      for (let at = 0; at < value.length; at++) if (isObject(value[at])) deepFreeze(value[at] as object)
      return
    }
    const names = namesOf(value)
    for (let at = 0; at < names.length; at++) {
      const member = (value as Record<string, unknown>)[names[at] as string]
      if (isObject(member)) deepFreeze(member)
    }
  }

  const ignore = (thrown: unknown, id?: unknown): void => {
    if (errors.isFatal(thrown)) throw thrown
    if (thrown === 'fatal_error') {
      throw ['error', 'map_runtime_error', "function raised 'fatal_error'"]
    }
    const where = id === undefined ? '' : ` with doc._id ${String(id)}`
    host.log(`function raised exception (${String(thrown)})${where}`)
  }

  const mapOne = (map: GuestFunction, document: unknown): string => {
    rows = ''
    try {
      map(document)
      return rows
    } catch (thrown) {
      ignore(thrown, (document as { _id?: unknown })._id)
      return ''
    }
  }

  return {
    setMaps(sources) {
      maps = sources.map(source => modules.compile(source))
    },
    map(documents) {
      let out = ''
      for (const document of documents) {
        if (isObject(document)) deepFreeze(document)
        for (const map of maps) {
          host.tick()
          out += `${mapOne(map, document)}\u0003`
        }
        out += '\u0004'
        if (out.length > longest) {
          host.give(out)
          out = ''
        }
      }
      return out
    },
    emits(source, documents) {
      const map = modules.compile(source)
      return documents.map(document => {
        host.tick()
        hasEmitted = false
        map(document)
        return hasEmitted
      })
    },
    reduce(source, batches, rereduce) {
      const reduce = modules.compile(source)
      return batches.map(([keys, values]) => {
        host.tick()
        try {
          return reduce(keys, values, rereduce)
        } catch (thrown) {
          ignore(thrown)
          return null
        }
      })
    },
  }
}
