import { bare } from './builtins.ts'
import { compile, setLanguage } from './compile.ts'
import type { GuestFunction } from './host.ts'
import { setRoot } from './modules.ts'

/** The design document of this engine, `this` of its functions. */
export let ddoc: Record<string, unknown> = {}

let compiled: Record<string, GuestFunction> = bare()

export function setDesignDocument(document: Record<string, unknown>): void {
  ddoc = document
  compiled = bare()
  setLanguage(ddoc.language)
  setRoot(ddoc)
}

/** Returns the function in a member of the design document, as in ["filters", "mine"]. */
export function functionAt(path: string[]): GuestFunction {
  let id = ''
  for (let at = 0; at < path.length; at++) id += `\u0000${path[at]}`
  return (compiled[id] ??= compile(sourceAt(path)))
}

/** Returns the source of the map function of a view. */
export function mapSource(view: string): unknown {
  const views = ddoc.views as Record<string, { map?: unknown } | undefined> | undefined
  return views?.[view]?.map
}

function sourceAt(path: string[]): unknown {
  let source: unknown = ddoc
  for (let at = 0; at < path.length; at++)
    source = (source as Record<string, unknown> | undefined)?.[path[at] as string]
  if (source) return source
  const reason = `missing ${path[0]} function ${path[1]} on design doc ${String(ddoc._id)}`
  throw ['error', 'not_found', reason]
}
