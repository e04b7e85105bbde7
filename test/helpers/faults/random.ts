/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seeds of this run: a few by default, `FAULT_ROUNDS` of them when that is set. */
export function seeds(few: number): number[] {
  const rounds = Number(process.env.FAULT_ROUNDS ?? few)
  return Array.from({ length: rounds }, (_, at) => at + 1)
}

/** Many rounds at the same time would be a test of the machine: then each waits for the one before it. */
export const inTurn = seeds(1).length > 1
