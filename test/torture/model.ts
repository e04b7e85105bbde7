import type { TakenBackup } from './backups.ts'

/** A state of a document that the load asked for. */
export interface DocumentState {
  /** Stands in the stored body, deletions included, and is written once only. */
  readonly tag: string
  /** Known once the write was acknowledged. */
  readonly rev?: string
  readonly deleted?: boolean
  readonly purged?: boolean
  /** MD5 of its attachment `f`, in base64. */
  readonly attachment?: string
}

/** Knowledge of the load about one document. Each document has one writer, which ends when an answer does not come. */
export interface KnownDocument {
  acknowledged?: DocumentState
  /** Asked for, and never answered: it may be stored or not. */
  unsure?: DocumentState | undefined
}

/** A reader of a feed: what it was given, and the sequence that it holds. */
export interface Follower {
  since: string
  readonly winners: Map<string, string>
}

/** Knowledge about one database, for as long as the torture lasts. */
export class DatabaseModel {
  readonly documents = new Map<string, KnownDocument>()
  /** Revisions of documents by the number of the sequence under which a feed gave them, `id@rev`. */
  readonly sequences = new Map<number, string>()
  readonly follower: Follower = { since: '0', winners: new Map() }
  /** Values of things that are overwritten: local documents and `_security`. */
  readonly values = new Map<string, { acknowledged: number; asked: number }>()

  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  document(id: string): KnownDocument {
    let known = this.documents.get(id)
    if (known === undefined) this.documents.set(id, (known = {}))
    return known
  }

  value(name: string): { acknowledged: number; asked: number } {
    let value = this.values.get(name)
    if (value === undefined) this.values.set(name, (value = { acknowledged: 0, asked: 0 }))
    return value
  }
}

/** Databases that are created and dropped all the time; a new one has the name of an older one. */
export interface ShortLived {
  /** The incarnation that is there, written into a document of its own; undefined where it was dropped. */
  acknowledged?: string | undefined
  /** The state that may be there instead, where an answer did not come. */
  unsure?: { readonly to: string | undefined } | undefined
}

export class Model {
  readonly databases = ['ledger', 'stock'].map(name => new DatabaseModel(name))
  readonly shortLived = new Map<string, ShortLived>()
  /** Backups that were taken, oldest first. */
  readonly backups: TakenBackup[] = []
  /** Writes that were acknowledged so far. */
  acknowledged = 0
  #tags = 0

  nextTag(): string {
    return `t${++this.#tags}`
  }
}

/** The number at the beginning of an update sequence. */
export function numberOf(seq: string | number): number {
  return parseInt(String(seq), 10)
}
