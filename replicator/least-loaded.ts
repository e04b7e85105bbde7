/** Counts a job that runs to its owner. */
export function charge(load: Map<string, number>, owner: string, share: number): void {
  load.set(owner, (load.get(owner) ?? 0) + 1 / Math.max(1, share))
}

/** Returns the queue of the owner with most room for its share. */
export function leastLoaded<Item>(
  queues: ReadonlyMap<string, Item[]>,
  load: ReadonlyMap<string, number>,
): [string, Item[]] {
  let best: [string, Item[]] = ['', []]
  let least = Infinity
  for (const [owner, queue] of queues) {
    const loaded = load.get(owner) ?? 0
    if (loaded >= least) continue
    least = loaded
    best = [owner, queue]
  }
  return best
}
