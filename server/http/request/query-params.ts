import { parseJson } from '../../../protocol/json/parse-json.ts'
import type { HttpContext } from '../context.ts'

/**
 * The query of a request: parameters divided by `&` or `;` (mochiweb_util:parse_qs/1). Of a parameter that is given twice the first
 * counts, if `last` is not asked for.
 */
export class QueryParams {
  readonly #params: URLSearchParams

  constructor(text: string) {
    this.#params = new URLSearchParams(text.replaceAll(';', '&'))
  }

  static of(ctx: HttpContext): QueryParams {
    return ctx.querystring === '' ? NO_QUERY : new QueryParams(ctx.querystring)
  }

  text(name: string): string | undefined {
    return this.#params.get(name) ?? undefined
  }

  /** As CouchDB reads the parameters of documents. */
  last(name: string): string | undefined {
    return this.#params.getAll(name).at(-1)
  }

  has(name: string): boolean {
    return this.#params.has(name)
  }

  /** Returns true if the parameter is "true"; any other value counts as not given, as for CouchDB's document options. */
  flag(name: string): boolean {
    return this.#params.get(name) === 'true'
  }

  /**
   * The parameter's JSON value, undefined when it is not given.
   *
   * @throws `invalidJson`
   */
  json(name: string): unknown {
    const text = this.#params.get(name)
    return text === null ? undefined : parseJson(Buffer.from(text))
  }

  /** All parameters, in order. */
  entries(): Iterable<[name: string, value: string]> {
    return this.#params.entries()
  }

  names(): Iterable<string> {
    return this.#params.keys()
  }
}

const NO_QUERY = new QueryParams('')
