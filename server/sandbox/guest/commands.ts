import { jsonList, jsonOf, parse } from './builtins.ts'
import { compile, setLanguage } from './compile.ts'
import { ddoc, functionAt, mapSource, setDesignDocument } from './design-document.ts'
import { describe, errorText, membersOf } from './errors.ts'
import { host } from './host.ts'
import { list } from './lists.ts'
import { setRoot } from './modules.ts'
import { rethrow, show, update, type Call } from './render.ts'
import { validateAll } from './validate.ts'
import { emits, map, reduce, setMaps } from './views.ts'

/** Commands give JSON text; those that only prepare the engine give nothing. */
const commands: Record<string, (...args: never[]) => string | void> = {
  setDesignDocument,
  setViews(lib: unknown, maps: unknown[], language: unknown) {
    setLanguage(language)
    if (lib !== null) setRoot({ views: { lib } })
    setMaps(maps)
  },
  compile(source: unknown, language: unknown) {
    setLanguage(language)
    compile(source)
  },
  emits: (path: string[], documents: unknown[]) => emits(mapSource(path[1] ?? ''), documents),
  reduce,
  filter,
  validate: validateAll,
  show: (path: string[], args: unknown[]) => jsonOf(show(callOf(path, args))),
  update: (path: string[], args: unknown[]) => update(callOf(path, args)),
  list: (path: string[], args: unknown[], rows: unknown[], isWhole: boolean) =>
    list(callOf(path, args), { rows, isWhole }),
  rewrite,
}

/** Runs one command, see GuestDispatch. */
export function run(command: string, args: string): string {
  try {
    if (command === 'map') return `+${map(parse(args) as unknown[])}`
    const handler = commands[command] as (...args: unknown[]) => string | undefined
    const given = parse(args) as unknown[]
    return `+${handler(given[0], given[1], given[2], given[3]) ?? 'null'}`
  } catch (thrown) {
    return `-${errorText(describe(thrown))}`
  }
}

function callOf(path: string[], args: unknown[]): Call {
  return { run: functionAt(path), ddoc, args }
}

function filter(path: string[], documents: unknown[], request: unknown): string {
  const matches = functionAt(path)
  return jsonList(documents, document => {
    host.tick()
    return matches.call(ddoc, document, request) ? 'true' : 'false'
  })
}

/** Runs the rewrite function; an error that forbids the request is an answer. */
function rewrite(args: unknown[]): string {
  try {
    return jsonOf(functionAt(['rewrites']).apply(ddoc, args))
  } catch (thrown) {
    const { forbidden, unauthorized } = membersOf(thrown)
    if (forbidden === undefined && unauthorized === undefined) return rethrow(thrown)
    return jsonOf(thrown)
  }
}
