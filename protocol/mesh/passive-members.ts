import { asDocId, type DocId } from '../document-id.ts'
import { murmur3 } from '../murmur3.ts'
import { withoutTrailing } from '../trailing.ts'

/** A server that knows nothing of the mesh, a CouchDB: a member, its host, replicates with it in both directions. */
export interface PassiveMember {
  readonly name: string
  /** No trailing slash. */
  readonly url: string
  /** Names of credentials by the members that can be its host: each keeps credentials of its own. */
  readonly hosts: ReadonlyMap<string, string>
  /** Shared databases that it has. */
  readonly holds: readonly string[]
}

const PASSIVE = 'passive:'
const HOLDS = 'passive-holds:'

/** Returns the id of the document that names a passive member, its URL and its hosts. */
export function passiveDocumentId(name: string): DocId {
  return asDocId(PASSIVE + name)
}

/** Returns the id of the document that says which databases a passive member has: its host writes that. */
export function passiveHoldsId(name: string): DocId {
  return asDocId(HOLDS + name)
}

type Members = Readonly<Record<string, unknown>>

/** Reads passive members from the documents of `_mesh_members`. Malformed ones, and those without hosts, are not there. */
export class PassiveReader {
  readonly #members = new Map<string, Omit<PassiveMember, 'holds'>>()
  readonly #holds = new Map<string, readonly string[]>()

  /** @returns whether the document is about a passive member */
  take(id: string, { url, hosts, holds }: Members): boolean {
    if (id.startsWith(HOLDS)) {
      if (Array.isArray(holds) && holds.every(name => typeof name === 'string'))
        this.#holds.set(id.slice(HOLDS.length), holds)
      return true
    }
    if (!id.startsWith(PASSIVE)) return false
    const name = id.slice(PASSIVE.length)
    if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return true
    const entries = Object.entries((hosts ?? {}) as Members)
    const named = entries.flatMap(([host, credentials]): [string, string][] =>
      typeof credentials === 'string' ? [[host, credentials]] : [],
    )
    this.#members.set(name, { name, url: withoutTrailing(url, '/'), hosts: new Map(named) })
    return true
  }

  /** @param isMember true for members of the mesh: others are no hosts */
  members(isMember: (id: string) => boolean): ReadonlyMap<string, PassiveMember> {
    const found = new Map<string, PassiveMember>()
    for (const [name, { url, hosts }] of this.#members) {
      const present = new Map([...hosts].filter(([host]) => isMember(host)))
      if (present.size > 0) found.set(name, { name, url, hosts: present, holds: this.#holds.get(name) ?? [] })
    }
    return found
  }
}

/** Returns the hosts of a passive member in the order in which they act, by rendezvous hashing. */
export function hostOrder({ name, hosts }: PassiveMember): readonly string[] {
  const weights = [...hosts.keys()].map(id => [id, murmur3(`${name} ${id}`)[0] >>> 0] as const)
  return weights.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([id]) => id)
}
