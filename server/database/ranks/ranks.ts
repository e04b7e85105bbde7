import type { DocId } from '../../../protocol/document-id.ts'
import { type DatabaseKeys, KeySpace } from '../../storage/keys.ts'
import type { CommitRecord, CommitSubscriber } from '../commit/commit-record.ts'
import { isLiveRecord } from '../documents/document-record.ts'
import { RankIndex, type Rank, type RankChange } from './rank-index.ts'
import type { DatabaseSnapshot } from '../reading/snapshot.ts'

/** Answers how many documents, or changes, lie in front of one. */
export type Ranks = Pick<DatabaseRanks, 'documentsBefore' | 'changesBefore'>

/** Places in a database's lists. Nothing is counted before it is asked for the first time. */
export class DatabaseRanks implements CommitSubscriber {
  readonly #keys: DatabaseKeys
  readonly #snapshot: () => DatabaseSnapshot
  #documents: RankIndex | undefined
  #changes: RankIndex | undefined

  constructor(keys: DatabaseKeys, snapshot: () => DatabaseSnapshot) {
    this.#keys = keys
    this.#snapshot = snapshot
  }

  /** Counts the documents that are not deleted and whose key (of `KeySpace.document`) is below `key`. */
  documentsBefore(key: Uint8Array): Promise<Rank> {
    const range = this.#keys.range(KeySpace.document)
    this.#documents ??= new RankIndex({ range, counts: isLiveRecord }, this.#snapshot)
    return this.#documents.rank(key)
  }

  /** Counts the documents whose latest change has a lower sequence number than `seq`. */
  changesBefore(seq: number): Promise<Rank> {
    const range = this.#keys.range(KeySpace.change)
    this.#changes ??= new RankIndex({ range, counts: () => true }, this.#snapshot)
    return this.#changes.rank(this.#keys.number(KeySpace.change, seq))
  }

  apply(commit: CommitRecord): void {
    const { seq } = commit.state
    this.#documents?.apply(seq, this.#documentChanges(commit))
    this.#changes?.apply(seq, this.#sequenceChanges(commit))
  }

  /** Counts again what is asked for next: commits that were counted may not be on disk. */
  reload(): void {
    this.#documents?.retire()
    this.#changes?.retire()
    this.#documents = this.#changes = undefined
  }

  #documentChanges({ changes, removals }: CommitRecord): RankChange[] {
    const changed: RankChange[] = []
    const add = (id: DocId, difference: number): void => {
      if (difference !== 0) changed.push({ key: this.#keys.text(KeySpace.document, id), difference })
    }
    for (const { id, wasLive, isLive } of changes) add(id, Number(isLive) - Number(wasLive))
    for (const { id, wasLive } of removals) add(id, -Number(wasLive))
    return changed
  }

  #sequenceChanges({ changes, removals }: CommitRecord): RankChange[] {
    const changed: RankChange[] = []
    const add = (seq: number, difference: number): void => {
      if (seq > 0) changed.push({ key: this.#keys.number(KeySpace.change, seq), difference })
    }
    for (const { seq } of changes) add(seq, 1)
    for (const { previousSeq } of [...changes, ...removals]) add(previousSeq, -1)
    return changed
  }
}
