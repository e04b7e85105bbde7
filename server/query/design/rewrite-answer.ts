import { CouchError, fail } from '../../../protocol/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../protocol/json-value.ts'
import { erlangPretty } from '../../../protocol/selector/erlang-pretty.ts'

/** The result of a rewrite function: another request, or with a `code` the answer itself. */
export interface RewriteAnswer {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string
  readonly code?: number
}

/**
 * Checks the answer of a rewrite function; a text is a path. (CouchDB: couch_query_servers:rewrite/3)
 *
 * @throws `rewrite_error` for none and for members of other types; `forbidden`, `unauthorized` where it is one of these
 */
export function rewriteAnswer(result: JsonValue): RewriteAnswer {
  if (!result) throw fail('noRewrites')
  if (typeof result === 'string') return { path: result }
  if (!isJsonObject(result)) throw fail('badRewrite', 'bad rewrite')
  const { forbidden, unauthorized } = result
  if (forbidden !== undefined) throw new CouchError(403, 'forbidden', forbidden)
  if (unauthorized !== undefined) throw new CouchError(401, 'unauthorized', unauthorized)
  for (const [name, value] of Object.entries(result)) check(name, value)
  return result
}

function check(name: string, value: JsonValue): void {
  switch (name) {
    case 'method':
    case 'path':
    case 'body':
      if (typeof value !== 'string') throw fail('badRewrite', `bad ${name}`)
      return
    case 'headers':
    case 'query':
      if (!isJsonObject(value)) throw fail('badRewrite', `bad ${name}`)
      return checkTexts(value)
    case 'code':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 200 || value > 599)
        throw fail('badRewrite', 'bad code')
  }
}

function checkTexts(values: JsonObject): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') continue
    const pair = `${erlangPretty(name)}=${erlangPretty(value)}`
    throw fail('badRewrite', `object key/value must be strings ${pair}`)
  }
}
