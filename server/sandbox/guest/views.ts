import { isObject, jsonList, jsonOf, scope } from './builtins.ts'
import { compile } from './compile.ts'
import { isFatal } from './errors.ts'
import { deepFreeze } from './freeze.ts'
import { host, type GuestFunction } from './host.ts'

/** Length of an answer of `map`, in characters, beyond which it is given to the host. */
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024

let maps: GuestFunction[] = []
/** The rows that the running function has emitted. */
let rows = ''
let hasEmitted = false

export function installViewGlobals(): void {
  scope.emit = (key: unknown, value: unknown) => {
    hasEmitted = true
    // A value that JSON does not know is null.
    rows += `${jsonOf(key)}\u0001${jsonOf(value)}\u0002`
  }
}

/** Compiles the map functions; the message of the first that does not compile goes to the caller. */
export function setMaps(sources: unknown[]): void {
  maps = sources.map(source => compile(source))
}

/**
 * Returns the rows that each function emits for each document, as text: key and value in JSON, separated by U+0001, rows
 * ended by U+0002, functions by U+0003, documents by U+0004. JSON text has none of them. Where there are many, the first
 * documents' rows are given to the host.
 */
export function map(documents: unknown[]): string {
  let out = ''
  for (let at = 0; at < documents.length; at++) {
    const document = documents[at]
    if (isObject(document)) deepFreeze(document)
    for (let view = 0; view < maps.length; view++) {
      host.tick()
      out += `${mapOne(maps[view] as GuestFunction, document)}\u0003`
    }
    out += '\u0004'
    if (out.length > MAX_ANSWER_LENGTH) {
      host.give(out)
      out = ''
    }
  }
  return out
}

function mapOne(run: GuestFunction, document: unknown): string {
  rows = ''
  try {
    run(document)
    return rows
  } catch (thrown) {
    ignore(thrown, (document as { _id?: unknown })._id)
    return ''
  }
}

/** Returns for each document whether a map function emits anything: a JSON array. */
export function emits(source: unknown, documents: unknown[]): string {
  const run = compile(source)
  return jsonList(documents, document => {
    host.tick()
    hasEmitted = false
    run(document)
    return hasEmitted ? 'true' : 'false'
  })
}

/** Returns the result of a reduce function for each batch, null for those in which it throws: a JSON array. */
export function reduce(
  source: unknown,
  batches: [keys: unknown, values: unknown[]][],
  rereduce: boolean,
): string {
  const run = compile(source)
  return jsonList(batches, batch => {
    host.tick()
    try {
      return jsonOf(run(batch[0], batch[1], rereduce))
    } catch (thrown) {
      ignore(thrown)
      return 'null'
    }
  })
}

/** Logs what a function has thrown; throws it on where it ends the command. */
function ignore(thrown: unknown, id?: unknown): void {
  if (isFatal(thrown)) throw thrown
  if (thrown === 'fatal_error') throw ['error', 'map_runtime_error', "function raised 'fatal_error'"]
  const where = id === undefined ? '' : ` with doc._id ${String(id)}`
  host.log(`function raised exception (${String(thrown)})${where}`)
}
