/** The seed of the normal tests, which are to find the same each time. `FUZZ_SEED` sets another; "random" takes one by the clock. */
export const SEED = seedOf(process.env.FUZZ_SEED)

/**
 * Returns how many inputs are tried: `FUZZ_RUNS`, or a number that takes about a second.
 *
 * @param usual number in the normal tests
 */
export function runs(usual: number): number {
  return Number(process.env.FUZZ_RUNS ?? usual)
}

function seedOf(text = '22'): number {
  return text === 'random' ? Date.now() % 2 ** 31 : Number(text)
}
