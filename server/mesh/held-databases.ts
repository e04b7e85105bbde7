import { asDatabaseName, isDatabaseName } from '../../protocol/database-name.ts'
import {
  isShared,
  memberDocumentId,
  type MeshMember,
  type MeshSettings,
} from '../../protocol/mesh/members.ts'
import type { Catalog } from '../database/catalog.ts'
import { asDocId } from '../../protocol/document-id.ts'
import { CouchError } from '../../protocol/errors.ts'
import type { MemberList } from './member-list.ts'

/** Names of shared databases that were deleted at this node, and are not pulled again. */
const LEFT = asDocId('_local/mesh-left')

/** The shared databases that this node has, and those that it does not want back. */
export class HeldDatabases {
  readonly #catalog: Catalog
  readonly #list: MemberList
  #names: string[] | undefined
  #left: Promise<Set<string>> | undefined
  #unlisten: (() => void) | undefined

  constructor(catalog: Catalog, list: MemberList) {
    this.#catalog = catalog
    this.#list = list
  }

  start(): void {
    this.#unlisten ??= this.#catalog.listen((event, name) => {
      if (event === 'updated') return
      this.#names = undefined
      void this.#note(name, event === 'deleted').catch(() => undefined)
    })
  }

  stop(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#left = undefined
  }

  /** Returns the names of shared databases that take part: followers of others do not. */
  async names(settings: MeshSettings): Promise<readonly string[]> {
    if (this.#names !== undefined) return this.#names
    const names: string[] = []
    for await (const name of this.#catalog.names()) {
      if (!isShared(settings, name)) continue
      const state = await this.#catalog.stateOf(name)
      if (state !== undefined && state.follower === undefined) names.push(name)
    }
    return (this.#names = names)
  }

  /** Tells the other members what this one has, where that changed. */
  async publish(self: MeshMember, settings: MeshSettings): Promise<void> {
    this.#names = undefined
    const holds = [...(await this.names(settings))]
    const partitioned: string[] = []
    for (const name of holds)
      if ((await this.#catalog.open(asDatabaseName(name))).record.partitioned) partitioned.push(name)
    if (String([holds, partitioned]) === String([self.holds, self.partitioned])) return
    const { name, url, region, key } = self
    await this.#list.write(memberDocumentId(self.id), { name, url, region, key, holds, partitioned })
  }

  /** Returns whether a database of another member is pulled; it is made here where it is not there. */
  async wants({ partitioned }: Pick<MeshMember, 'partitioned'>, name: string): Promise<boolean> {
    if (!isDatabaseName(name)) return false
    const state = await this.#catalog.stateOf(name)
    if (state !== undefined) return state.follower === undefined
    if ((await this.#readLeft()).has(name)) return false
    await this.#catalog.create(name, { partitioned: partitioned.includes(name) }).catch((error: unknown) => {
      if (!(error instanceof CouchError && error.error === 'file_exists')) throw error
    })
    return true
  }

  async #note(name: string, isLeft: boolean): Promise<void> {
    if (/(^|\/)_/.test(name)) return
    const left = await this.#readLeft()
    if (left.has(name) === isLeft) return
    if (isLeft) left.add(name)
    else left.delete(name)
    await this.#list.writeLocal(LEFT, { names: [...left] })
  }

  #readLeft(): Promise<Set<string>> {
    return (this.#left ??= this.#list
      .readLocal<{ names: string[] }>(LEFT)
      .then(stored => new Set(stored?.names)))
  }
}
