import { isDatabaseName } from '../../protocol/database-name.ts'
import { asDocId } from '../../protocol/document-id.ts'
import { type MeshState, securityDocumentId } from '../../protocol/mesh/members.ts'
import type { Catalog } from '../database/catalog.ts'
import type { MemberList } from './member-list.ts'

/**
 * Takes `_security` of shared databases to all members. A change at any member becomes a document of `_mesh_members`; where two
 * members change it at once the winner of its revisions holds.
 */
export class MeshSecurity {
  readonly #catalog: Catalog
  readonly #members: MemberList

  constructor(catalog: Catalog, members: MemberList) {
    this.#catalog = catalog
    this.#members = members
  }

  async look(names: readonly string[], { security }: MeshState): Promise<void> {
    for (const name of names) await this.#lookAt(name, security.get(name))
  }

  /** @param shared canonical JSON of the mesh's; undefined where nobody said */
  async #lookAt(name: string, shared: string | undefined): Promise<void> {
    if (!isDatabaseName(name)) return
    const database = await this.#catalog.open(name)
    const own = canonical(Buffer.from(database.securityText).toString())
    if (own === shared) return this.#note(name, own)
    const { seen } = (await this.#members.readLocal<{ seen: string }>(localId(name))) ?? {}
    const isChangedHere = shared === undefined || (seen !== undefined && own !== seen)
    if (isChangedHere)
      await this.#members.write(securityDocumentId(name), { security: JSON.parse(own) as object })
    else await database.setSecurity(Buffer.from(shared))
    await this.#note(name, isChangedHere ? own : shared)
  }

  readonly #noted = new Map<string, string>()

  /** Notes what both sides agreed on, so that a later difference tells who changed it. */
  async #note(name: string, text: string): Promise<void> {
    if (this.#noted.get(name) === text) return
    await this.#members.writeLocal(localId(name), { seen: text })
    this.#noted.set(name, text)
  }
}

function canonical(text: string): string {
  return JSON.stringify(JSON.parse(text))
}

function localId(name: string): ReturnType<typeof asDocId> {
  return asDocId(`_local/mesh-security:${name}`)
}
