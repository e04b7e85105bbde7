import type { ComparedDocument } from '../../replicator/comparison/lines.ts'
import { printable } from '../frame/table.ts'

/** A document as `_repair` takes it: revisions whose contents differ, or leaves. */
export type RepairableRevision =
  { readonly id: string; readonly rev: string } | { readonly id: string; readonly revs: readonly string[] }

/** Differences that a comparison found, by how they are repaired. */
export class Differences {
  /** Documents that a replication repairs. */
  readonly toTarget = new Set<string>()
  readonly toSource = new Set<string>()
  readonly #ids = new Set<string>()
  readonly #leaves: RepairableRevision[] = []
  /** Revisions whose contents differ, and whether it is known which side is right. */
  readonly #contents = new Map<
    string,
    { readonly id: string; readonly rev: string; readonly isDecided: boolean }
  >()

  /** Documents that differ. */
  get count(): number {
    return this.#ids.size
  }

  add(line: ComparedDocument): void {
    const { id } = line
    this.#ids.add(id)
    if (line.missing_in === 'target') this.toTarget.add(id)
    else if (line.missing_in === 'source') this.toSource.add(id)
    else if ('revs' in line) this.#leaves.push({ id, revs: line.revs })
    else {
      const { rev, damaged } = line
      this.#contents.set(JSON.stringify([id, rev]), { id, rev, isDecided: damaged !== undefined })
    }
  }

  /** Returns the revisions that both sides have and that can be repaired. */
  repairable(take: string | undefined): readonly RepairableRevision[] {
    const decided = [...this.#contents.values()].filter(({ isDecided }) => isDecided || take !== undefined)
    return [...this.#leaves, ...decided.map(({ id, rev }) => ({ id, rev }))]
  }
}

/** Returns a difference as a person reads it. */
export function shownDifference(line: ComparedDocument): string {
  const id = printable(line.id)
  const revs = printable('rev' in line ? line.rev : line.revs.join(', '))
  switch (line.kind) {
    case 'body':
      return `${id}: the body of ${revs} differs${decision(line)}`
    case 'attachment':
      return `${id}: the attachment ${printable(line.name ?? '')} of ${revs} differs${decision(line)}`
    case 'unreadable':
      return `${id}: the ${line.side} cannot read ${revs}: ${printable(line.reason)}`
    case 'missing':
    case 'winner':
    case 'leaves':
      if (line.missing_in === undefined) return `${id}: other leaves, though nothing is missing: ${revs}`
      return `${id}: the ${line.missing_in} lacks ${revs}${line.kind === 'winner' ? ' (another winner)' : ''}`
  }
}

function decision({ damaged }: { readonly damaged?: 'source' | 'target' }): string {
  if (damaged === undefined) return '; neither side proves to be right, a person has to choose'
  return `; that of the ${damaged} is damaged`
}
