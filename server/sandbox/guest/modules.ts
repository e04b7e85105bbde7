import type { GuestFunction, GuestHost } from './host.ts'

/** Compiles the functions of a design document, and the CommonJS modules in its members. */
export interface GuestModules {
  /**
   * @param source a script whose value is a function
   * @throws GuestError `compilation_error`, or `not_found` where there is no source
   */
  compile(source: unknown): GuestFunction
  /** Makes the members of `root` what `require` finds. */
  setRoot(root: unknown): void
  /** The language of the functions that are compiled from now on; modules are JavaScript always. */
  setLanguage(language: unknown): void
}

interface Place {
  readonly id: string
  readonly value: unknown
  readonly parent?: Place
}

export function createModules(host: GuestHost): GuestModules {
  const evaluate = globalThis.eval as (code: string) => unknown
  const { parse, stringify } = JSON
  const { SyntaxError } = globalThis
  const scope = globalThis as unknown as { require?: (name: string) => unknown }
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null
  let root: unknown
  let language = 'javascript'
  let loaded: { [id: string]: { exports: unknown } } = {}

  const refuse = (reason: string): never => {
    throw ['error', 'invalid_require_path', reason]
  }

  const valueOf = (source: string): unknown => {
    const { code, plain, error } = parse(host.prepare(source, language)) as {
      code: string
      plain: string
      error?: string
    }
    if (error !== undefined) throw error
    try {
      return evaluate(code)
    } catch (thrown) {
      // The error of what was made of the source is about another text.
      if (thrown instanceof SyntaxError && code !== plain) return evaluate(plain)
      throw thrown
    }
  }

  const compile = (source: unknown): GuestFunction => {
    if (typeof source !== 'string' || source === '') throw ['error', 'not_found', 'missing function']
    let found: unknown
    try {
      found = valueOf(source)
    } catch (error) {
      throw ['error', 'compilation_error', `${String(error)} (${source})`]
    }
    if (typeof found === 'function') return found as GuestFunction
    throw ['error', 'compilation_error', `Expression does not eval to a function. (${source})`]
  }

  const walk = (from: Place, step: string): Place => {
    if (step === '.' || step === '') return from
    if (step === '..') return from.parent ?? refuse(`Object has no parent ${stringify(from.value)}`)
    if (!isObject(from.value) || !from.value[step]) {
      return refuse(`Object has no property "${step}". ${stringify(from.value)}`)
    }
    return { id: from.id === '' ? step : `${from.id}/${step}`, value: from.value[step], parent: from }
  }

  /** Names that begin with a dot are relative to the object that the module is a member of. */
  const find = (name: string, from: Place | undefined): Place => {
    const start = name.startsWith('.') ? from?.parent : undefined
    return name.split('/').reduce(walk, start ?? { id: '', value: root })
  }

  const requireFrom = (from: Place | undefined) => (name: string) => {
    const place = find(String(name), from)
    const known = loaded[place.id]
    if (known !== undefined) return known.exports
    if (typeof place.value !== 'string') {
      return refuse(`Must require a JavaScript string, not: ${typeof place.value}`)
    }
    const module = { id: place.id, exports: {} as unknown, current: place.value, parent: place.parent }
    loaded[place.id] = module
    try {
      const run = evaluate(`(function (module, exports, require) { ${place.value}\n })`) as GuestFunction
      run.call(globalThis, module, module.exports, requireFrom(place))
    } catch (error) {
      delete loaded[place.id]
      throw ['error', 'compilation_error', `Module require('${name}') raised error ${String(error)}`]
    }
    return module.exports
  }

  return {
    compile,
    setRoot(value) {
      root = value
      loaded = {}
      scope.require = requireFrom(undefined)
    },
    setLanguage(value) {
      language = typeof value === 'string' ? value : 'javascript'
    },
  }
}
