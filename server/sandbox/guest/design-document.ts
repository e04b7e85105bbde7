import { compile, setLanguage } from './compile.ts'
import type { GuestFunction } from './host.ts'
import { setRoot } from './modules.ts'

/** The design document of this engine, `this` of its functions. */
export let ddoc: Record<string, unknown> = {}

const compiled = new Map<string, GuestFunction>()

export function setDesignDocument(document: Record<string, unknown>): void {
  ddoc = document
  compiled.clear()
  setLanguage(ddoc.language)
  setRoot(ddoc)
}

/** Returns the function in a member of the design document, as in ["filters", "mine"]. */
export function functionAt(path: string[]): GuestFunction {
  const id = path.join('\u0000')
  const known = compiled.get(id)
  if (known !== undefined) return known
  const found = compile(sourceAt(path))
  compiled.set(id, found)
  return found
}

/** Returns the source of the map function of a view. */
export function mapSource(view: string): unknown {
  const views = ddoc.views as Record<string, { map?: unknown } | undefined> | undefined
  return views?.[view]?.map
}

function sourceAt(path: string[]): unknown {
  let source: unknown = ddoc
  for (const name of path) source = (source as Record<string, unknown> | undefined)?.[name]
  if (source) return source
  const reason = `missing ${path[0]} function ${path[1]} on design doc ${String(ddoc._id)}`
  throw ['error', 'not_found', reason]
}
