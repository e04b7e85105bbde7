import { CouchError, fail } from '../../../protocol/errors.ts'
import type { JsonObject } from '../../../protocol/json-value.ts'
import type { DocumentEdit, DocumentValidator, ValidatedDocument } from '../../database/documents/edit.ts'
import { isBuiltinReduce } from '../reduce/builtin.ts'
import type { Sandbox, SandboxFunction } from '../../sandbox/sandbox.ts'
import { checkShape } from './check-shape.ts'
import { isDesignId, isRunnable, languageOf } from './design-document.ts'
import { viewsByMap } from './views-by-map.ts'

/** Judges design documents by their own code. */
export class DesignCodeValidator implements DocumentValidator {
  readonly #sandbox: Sandbox
  readonly #owner: string

  /** @param owner the database, see SandboxFunction */
  constructor(sandbox: Sandbox, owner: string) {
    this.#sandbox = sandbox
    this.#owner = owner
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
      await checkDesign(
        JSON.parse(Buffer.from(edit.body).toString()) as JsonObject,
        this.#sandbox,
        this.#owner,
      )
      return undefined
    } catch (error) {
      if (error instanceof CouchError) return error
      throw error
    }
  }
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
