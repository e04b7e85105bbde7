import type { GuestErrors } from './errors.ts'
import type { GuestFunction, GuestHost } from './host.ts'
import type { GuestLists } from './lists.ts'
import type { GuestModules } from './modules.ts'
import type { GuestRender } from './render.ts'
import type { GuestViews } from './views.ts'

/**
 * Runs one command. The answer is `+` and JSON (or the text of `map`), or `-` and the JSON of a GuestError.
 *
 * @param args JSON text
 */
export type GuestDispatch = (command: string, args: string) => string

export function createDispatch(
  host: GuestHost,
  modules: GuestModules,
  errors: GuestErrors,
  views: GuestViews,
  render: GuestRender,
  lists: GuestLists,
): GuestDispatch {
  const { parse, stringify } = JSON
  const { isArray } = Array
  const scope = globalThis as unknown as Record<string, unknown>
  const compiled = new Map<string, GuestFunction>()
  let ddoc: Record<string, unknown> = {}

  scope.log = (message: unknown) =>
    host.log(typeof message === 'string' ? message : (stringify(message) ?? ''))
  scope.toJSON = stringify
  scope.isArray = isArray
  scope.sum = (values: unknown[]) => {
    let total: unknown = 0
    // Strings are joined, as CouchDB joins them.
    for (const value of Object.values(values)) (total as number) += value as number
    return total
  }

  /** The function in a member of the design document, as in ["filters", "mine"]. */
  const functionAt = (path: string[]): GuestFunction => {
    const id = path.join('\u0000')
    const known = compiled.get(id)
    if (known !== undefined) return known
    let source: unknown = ddoc
    for (const name of path) source = (source as Record<string, unknown> | undefined)?.[name]
    if (!source) {
      const reason = `missing ${path[0]} function ${path[1]} on design doc ${String(ddoc._id)}`
      throw ['error', 'not_found', reason]
    }
    const found = modules.compile(source)
    compiled.set(id, found)
    return found
  }

  /** What a validation function throws on purpose is an answer, not an error. */
  const validate = (args: unknown[]): unknown => {
    try {
      functionAt(['validate_doc_update']).apply(ddoc, args)
      return null
    } catch (thrown) {
      const { name, stack } = (thrown ?? {}) as { name?: unknown; stack?: unknown }
      const isProtocol = isArray(thrown) && (thrown[0] === 'error' || thrown[0] === 'fatal')
      if ((name && stack) || isProtocol) throw thrown
      return { thrown }
    }
  }

  const commands: Record<string, (...args: never[]) => unknown> = {
    setDesignDocument(document: Record<string, unknown>) {
      ddoc = document
      compiled.clear()
      modules.setLanguage(ddoc.language)
      modules.setRoot(ddoc)
    },
    setViews(lib: unknown, maps: unknown[], language: unknown) {
      modules.setLanguage(language)
      if (lib !== null) modules.setRoot({ views: { lib } })
      views.setMaps(maps)
    },
    compile(source: unknown, language: unknown) {
      modules.setLanguage(language)
      modules.compile(source)
    },
    emits: (path: string[], documents: unknown[]) => {
      const [, name = ''] = path
      const all = ddoc.views as Record<string, { map?: unknown } | undefined> | undefined
      return views.emits(all?.[name]?.map, documents)
    },
    reduce: (...args: Parameters<GuestViews['reduce']>) => views.reduce(...args),
    filter: (path: string[], documents: unknown[], request: unknown) => {
      const run = functionAt(path)
      return documents.map(document => {
        host.tick()
        return Boolean(run.call(ddoc, document, request))
      })
    },
    validate: (batch: unknown[][]) =>
      batch.map(args => {
        host.tick()
        try {
          return validate(args)
        } catch (thrown) {
          if (errors.isFatal(thrown)) {
            throw thrown
          }
          return { error: errors.describe(thrown) }
        }
      }),
    show: (path: string[], args: unknown[]) => render.show(functionAt(path), ddoc, args),
    update: (path: string[], args: unknown[]) => render.update(functionAt(path), ddoc, args),
    list: (path: string[], args: unknown[], rows: unknown[], isWhole: boolean) =>
      lists.list(functionAt(path), ddoc, args, { rows, isWhole }),
    rewrite: (args: unknown[]) => {
      try {
        return functionAt(['rewrites']).apply(ddoc, args)
      } catch (thrown) {
        const { forbidden, unauthorized } = (thrown ?? {}) as Record<string, unknown>
        if (forbidden === undefined && unauthorized === undefined) return render.rethrow(thrown)
        return thrown
      }
    },
  }

  return (command, args) => {
    try {
      if (command === 'map') return `+${views.map(parse(args) as unknown[])}`
      const run = commands[command] as (...args: unknown[]) => unknown
      return `+${stringify(run(...(parse(args) as unknown[]))) ?? 'null'}`
    } catch (thrown) {
      return `-${stringify(errors.describe(thrown))}`
    }
  }
}
