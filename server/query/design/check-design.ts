import { isDesignId } from '../../../protocol/document-id.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { countValues } from '../../../protocol/json/count-values.ts'
import { isJsonObject, type JsonObject } from '../../../protocol/json-value.ts'
import { runInTurns } from '../../concurrency/time-slice.ts'
import type { DocumentEdit, DocumentValidator, ValidatedDocument } from '../../database/documents/edit.ts'
import { isBuiltinReduce } from '../reduce/builtin.ts'
import type { Sandbox, SandboxFunction } from '../../sandbox/sandbox.ts'
import { checkShape } from './check-shape.ts'
import { isRunnable, languageOf } from './design-document.ts'
import { viewsByMap } from './views-by-map.ts'

/** Judges design documents by their own code. */
export class DesignCodeValidator implements DocumentValidator {
  readonly #sandbox: Sandbox
  readonly #owner: string
  readonly #limits: () => DesignLimits

  /** @param owner the database, see SandboxFunction */
  constructor(sandbox: Sandbox, owner: string, limits: () => DesignLimits) {
    this.#sandbox = sandbox
    this.#owner = owner
    this.#limits = limits
  }

  appliesTo(edits: readonly DocumentEdit[]): boolean {
    return edits.some(({ id }) => isDesignId(id))
  }

  validate(documents: readonly ValidatedDocument[]): Promise<readonly (CouchError | undefined)[]> {
    return Promise.all(documents.map(document => this.#check(document)))
  }

  async #check({ id, edit }: ValidatedDocument): Promise<CouchError | undefined> {
    if (!isDesignId(id) || edit.deleted) return undefined
    try {
      const ddoc = await this.#read(edit.body)
      await checkDesign(ddoc, this.#sandbox, this.#owner)
      return undefined
    } catch (error) {
      if (error instanceof CouchError) return error
      throw error
    }
  }

  /** @throws `document_too_large`, `too_large` */
  async #read(body: Uint8Array): Promise<JsonObject> {
    const { values, views, indexFields } = this.#limits()
    if (body.length > values && (await runInTurns(countValues(body, values))) > values)
      throw fail('tooManyDesignValues', String(values))
    const ddoc = JSON.parse(Buffer.from(body).toString()) as JsonObject
    if (isJsonObject(ddoc.views) && Object.keys(ddoc.views).length > views)
      throw fail('tooManyViews', String(views))
    if (mostIndexFields(ddoc) > indexFields) throw fail('tooManyIndexFields', String(indexFields))
    return ddoc
  }
}

/** Returns the number of fields of the index in a design document that has most: each costs every document that is written. */
function mostIndexFields(ddoc: JsonObject): number {
  if (languageOf(ddoc) !== 'query' || !isJsonObject(ddoc.views)) return 0
  let most = 0
  for (const view of Object.values(ddoc.views)) {
    const fields = isJsonObject(view) && isJsonObject(view.map) ? view.map.fields : undefined
    if (isJsonObject(fields)) most = Math.max(most, Object.keys(fields).length)
  }
  return most
}

/** Limits on design documents: each is read whole, again and again, and its functions are compiled. */
export interface DesignLimits {
  readonly values: number
  readonly views: number
  readonly indexFields: number
}

/**
 * Checks a design document before it is saved: its shape, and that its map and reduce functions compile.
 * (CouchDB: couch_mrview:validate/2)
 *
 * @throws `invalid_design_doc`, `compilation_error`, `not_found` for an empty function
 */
export async function checkDesign(ddoc: JsonObject, sandbox: Sandbox, owner: string): Promise<void> {
  checkShape(ddoc)
  const language = languageOf(ddoc)
  if (!isRunnable(language)) return
  const compile = (kind: string, view: string, source: string) =>
    compileOne(sandbox, { owner, language, source }, `${kind} function in the '${view}' view`)
  for (const { map, name, reduces } of viewsByMap(ddoc)) {
    await compile('map', name, map)
    for (const [reduceName, reduce] of reduces) {
      if (isBuiltinReduce(reduce)) continue
      if (reduce.startsWith('_'))
        throw fail('invalidDesignDoc', `\`${reduce}\` is not a supported reduce function.`)
      await compile('reduce', reduceName, reduce)
    }
  }
}

async function compileOne(sandbox: Sandbox, code: SandboxFunction, subject: string): Promise<void> {
  try {
    await sandbox.compile(code)
  } catch (error) {
    if (!(error instanceof CouchError) || error.error !== 'compilation_error') throw error
    throw fail('viewCompilation', `Compilation of the ${subject} failed: ${error.reason}`)
  }
}
