import { asDocId } from '../../protocol/document-id.ts'
import { leaves } from '../../protocol/revtree/leaves.ts'
import { attachmentOf, leafDocuments, type LeafDocument, policyNode } from './policy-nodes.ts'
import { call } from './http.ts'
import { write } from './write.ts'

/** A document's winner, with its `_rev` and stubs of its attachments. */
export type Winner = Readonly<Record<string, unknown>> & { readonly _rev: string }

/** A node with one database, in this process or spoken to by HTTP. */
export interface ConflictNode {
  /** True while this node resolves conflicts by policies. */
  resolves: boolean
  /** Returns the winner of a document; undefined where it is deleted, or missing. */
  winner(id: string): Promise<Winner | undefined>
  /** Writes an edit; false if the document has changed meanwhile. */
  edit(document: LeafDocument): Promise<boolean>
  /** Returns all leaves of a document, with histories and attachments. */
  leaves(id: string): Promise<LeafDocument[]>
  /** Takes revisions as a replication brings them. */
  take(revisions: readonly LeafDocument[]): Promise<void>
  /** Returns the leaves of a document, "1-a" or "2-b deleted", in order. */
  shape(id: string): Promise<string[]>
  /** Number of revisions in a document's tree; undefined where the node does not tell. */
  revisions(id: string): number | undefined
  /** Documents in conflict; undefined where the node does not tell. */
  readonly conflicts: number | undefined
  /** Waits until nothing is resolved any more, and returns the update sequence. */
  settled(): Promise<string>
  close(): Promise<void>
}

export async function memoryNode(): Promise<ConflictNode> {
  const node = await policyNode()
  const { database, resolver } = node
  return {
    get resolves() {
      return node.resolves
    },
    set resolves(resolves) {
      node.resolves = resolves
      if (resolves) resolver.reconsider()
    },
    winner(id) {
      const document = database.document(asDocId(id))
      if (document === undefined || document.deleted) return Promise.resolve(undefined)
      const { body, attachments } = database.body(document.body)
      const stubs = Object.fromEntries(attachments.map(({ name }) => [name, { stub: true }]))
      return Promise.resolve({
        ...(JSON.parse(Buffer.from(body).toString()) as object),
        _rev: document.rev,
        ...(attachments.length === 0 ? {} : { _attachments: stubs }),
      })
    },
    edit: async document => (await write(database, [document]))[0]?.error === undefined,
    leaves: id => Promise.resolve(leafDocuments(database, id)),
    take: async revisions => void (await write(database, revisions, { replicated: true })),
    shape(id) {
      const tree = database.document(asDocId(id))?.tree
      const all = tree === undefined ? [] : leaves(tree)
      return Promise.resolve(all.map(({ rev, deleted }) => `${rev}${deleted ? ' deleted' : ''}`).sort())
    },
    revisions: id => database.document(asDocId(id))?.tree.hashes.length ?? 0,
    get conflicts() {
      return database.state.conflicts
    },
    async settled() {
      await resolver.idle()
      return String(database.state.seq)
    },
    close: () => node.close(),
  }
}

/** A new database of a server: CouchDB, or another one that resolves nothing of its own here. */
export async function httpNode(url: string, name: string): Promise<ConflictNode> {
  await call(url, 'PUT', `/${name}`)
  const path = (id: string): string => `/${name}/${id.startsWith('_design/') ? id : encodeURIComponent(id)}`
  const leavesOf = async (id: string): Promise<LeafDocument[]> => {
    const query = '?open_revs=all&revs=true&attachments=true'
    const { status, body } = await call<{ ok?: LeafDocument }[]>(url, 'GET', path(id) + query, {
      headers: { Accept: 'application/json' },
    })
    return status === 404 ? [] : body.flatMap(({ ok }) => (ok === undefined ? [] : [ok]))
  }
  return {
    resolves: false,
    async winner(id) {
      const { status, body } = await call<Winner>(url, 'GET', path(id))
      return status === 200 ? body : undefined
    },
    edit: async document => (await call(url, 'PUT', path(document._id), { json: document })).status < 300,
    leaves: leavesOf,
    async take(docs) {
      const { status } = await call(url, 'POST', `/${name}/_bulk_docs`, { json: { new_edits: false, docs } })
      if (status !== 201) throw new Error(`_bulk_docs: ${status}`)
    },
    async shape(id) {
      const all = await leavesOf(id)
      return all.map(({ _rev, _deleted }) => `${String(_rev)}${_deleted === true ? ' deleted' : ''}`).sort()
    },
    revisions: () => undefined,
    conflicts: undefined,
    async settled() {
      const { body } = await call<{ update_seq: string }>(url, 'GET', `/${name}`)
      return String(body.update_seq)
    },
    close: async () => void (await call(url, 'DELETE', `/${name}`)),
  }
}

export { attachmentOf }
