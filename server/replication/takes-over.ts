import type { SourceSequences } from '../database/source-sequences.ts'

/** Returns whether clients of the source can go on here, as the status shows it. */
export function takesOver(sequences: SourceSequences | undefined, error: string | undefined): object {
  const { instance = null, points = [], isWhole = false } = sequences ?? {}
  const [last] = points.at(-1) ?? []
  return {
    source_instance: instance,
    through: last ?? null,
    complete: isWhole,
    ...(error === undefined ? {} : { error }),
  }
}
