/** Numbers from 0 to below 1. */
export type Random = () => number

/** A whole number from 0 up to and without `bound`. */
export function below(random: Random, bound: number): number {
  return Math.floor(random() * bound)
}

export function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[below(random, list.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
