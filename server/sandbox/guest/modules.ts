import { evaluate, isObject, scope, stringify } from './builtins.ts'
import type { GuestFunction } from './host.ts'

/** A member of the design document on the way of a `require`. */
interface Member {
  /** The names on the way to it: "views/lib/tools". */
  readonly id: string
  readonly value: unknown
  readonly parent?: Member
}

let root: unknown
let loaded: Record<string, { exports: unknown }> = {}

/** Makes the members of `value` the CommonJS modules that `require` finds. */
export function setRoot(value: unknown): void {
  root = value
  loaded = {}
  scope.require = requireFrom(undefined)
}

function requireFrom(from: Member | undefined): (name: string) => unknown {
  return name => {
    const member = find(String(name), from)
    const known = loaded[member.id]
    if (known !== undefined) return known.exports
    if (typeof member.value !== 'string') {
      return refuse(`Must require a JavaScript string, not: ${typeof member.value}`)
    }
    return load(name, member, member.value)
  }
}

function load(name: string, member: Member, source: string): unknown {
  const module = { id: member.id, exports: {} as unknown, current: source, parent: member.parent }
  loaded[member.id] = module
  try {
    const run = evaluate(`(function (module, exports, require) { ${source}\n })`) as GuestFunction
    run.call(globalThis, module, module.exports, requireFrom(member))
  } catch (error) {
    delete loaded[member.id]
    throw ['error', 'compilation_error', `Module require('${name}') raised error ${String(error)}`]
  }
  return module.exports
}

/** Finds a member by its path. Names that begin with a dot are relative to the object that the module is a member of. */
function find(name: string, from: Member | undefined): Member {
  const start = name.startsWith('.') ? from?.parent : undefined
  return name.split('/').reduce(walk, start ?? { id: '', value: root })
}

function walk(from: Member, step: string): Member {
  if (step === '.' || step === '') return from
  if (step === '..') return from.parent ?? refuse(`Object has no parent ${stringify(from.value)}`)
  if (!isObject(from.value) || !from.value[step]) {
    return refuse(`Object has no property "${step}". ${stringify(from.value)}`)
  }
  return { id: from.id === '' ? step : `${from.id}/${step}`, value: from.value[step], parent: from }
}

function refuse(reason: string): never {
  throw ['error', 'invalid_require_path', reason]
}
