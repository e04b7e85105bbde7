import { murmur3 } from '../murmur3.ts'

/** A member of a mesh, as far as it matters for who pulls from whom. */
export interface TopologyMember {
  readonly id: string
  /** Members between which the network is cheap; "" where nobody said. */
  readonly region: string
}

/** Tells whether a member answers, as far as the asking member knows. */
export type Reachability = (id: string) => boolean

/** Up to so many members, or regions, pull from all others. */
const FULL = 5

const RING = 2 ** 32

interface Place {
  readonly id: string
  /** Place on the ring: 32 bits. */
  readonly position: number
}

/**
 * Graph of who pulls from whom, derived from the list of members alone: every member that has the same list derives the same.
 *
 * In a region of up to five each pulls from all others. In a larger one the members stand on a ring in the order of hashes
 * of their ids, and each pulls from both members beside it and, by chords, from those half the ring away, a quarter, an
 * eighth, …: a change reaches n members in O(log n) hops, and a member that joins or goes changes the neighbours of O(log n)
 * others. Between regions one member pulls for its whole region, for each other region another one, chosen by rendezvous
 * hashing: so a body crosses the expensive link of two regions once. More than five regions stand on a ring themselves.
 *
 * Members that do not answer are passed over: their place on the ring is that of the next one.
 */
export class Topology {
  readonly #regionOf = new Map<string, string>()
  readonly #members = new Map<string, readonly Place[]>()
  readonly #regions: readonly Place[]
  /** Orders of gateways, by region and the other region: the same for all members. */
  readonly #gateways = new Map<string, readonly string[]>()

  constructor(members: readonly TopologyMember[]) {
    const byRegion = new Map<string, string[]>()
    for (const { id, region } of members) {
      this.#regionOf.set(id, region)
      const ids = byRegion.get(region)
      if (ids === undefined) byRegion.set(region, [id])
      else ids.push(id)
    }
    for (const [region, ids] of byRegion) this.#members.set(region, ringOf(ids))
    this.#regions = ringOf([...byRegion.keys()])
  }

  /** Returns the members that one pulls from; none for one that is not in the list. */
  neighbours(self: string, isReachable: Reachability): string[] {
    const region = this.#regionOf.get(self)
    if (region === undefined) return []
    const near = ringNeighbours(this.#members.get(region)!, self, isReachable)
    const far = this.#regionsBeside(region, isReachable).flatMap(other => {
      if (this.#firstReachable(region, other, id => id === self || isReachable(id)) !== self) return []
      return this.#firstReachable(other, region, isReachable) ?? []
    })
    return [...new Set([...near, ...far])]
  }

  /**
   * Returns the members that one has to know the health of besides its neighbours: those that pull for the region in its
   * stead. Each watches the next above it in the order of gateways only, so none is watched by many.
   */
  watched(self: string, isReachable: Reachability): string[] {
    const region = this.#regionOf.get(self)
    if (region === undefined) return []
    return this.#regionsBeside(region, isReachable).flatMap(other => {
      const order = this.#gatewayOrder(region, other)
      for (let rank = order.indexOf(self) - 1; rank >= 0; rank--)
        if (isReachable(order[rank]!)) return [order[rank]!]
      return []
    })
  }

  /** The regions that one pulls from; a region of which no member answers is passed over. */
  #regionsBeside(region: string, isReachable: Reachability): string[] {
    if (this.#regions.length === 1) return []
    const answers = (other: string): boolean => this.#firstReachable(other, region, isReachable) !== undefined
    return ringNeighbours(this.#regions, region, answers)
  }

  #firstReachable(region: string, other: string, isReachable: Reachability): string | undefined {
    return this.#gatewayOrder(region, other).find(isReachable)
  }

  /** The members of a region in the order in which they pull from another one. */
  #gatewayOrder(region: string, other: string): readonly string[] {
    const key = JSON.stringify([region, other])
    let order = this.#gateways.get(key)
    if (order === undefined) {
      const weights = new Map(this.#members.get(region)!.map(({ id }) => [id, hashOf(`${key} ${id}`)]))
      order = [...weights].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([id]) => id)
      this.#gateways.set(key, order)
    }
    return order
  }
}

/** The members beside one on a ring, and those that its chords lead to. */
function ringNeighbours(ring: readonly Place[], self: string, isReachable: Reachability): string[] {
  const others = (id: string): boolean => id !== self && isReachable(id)
  if (ring.length <= FULL) return ring.map(({ id }) => id).filter(others)
  const position = hashOf(self)
  let at = indexFrom(ring, position)
  // Of members with the same hash.
  while (ring[at]!.id !== self) at++
  const found = new Set<string>()
  const add = (id: string | undefined): void => void (id !== undefined && found.add(id))
  add(firstFrom(ring, at + 1, 1, others))
  add(firstFrom(ring, at - 1 + ring.length, -1, others))
  const chords = Math.ceil(Math.log2(ring.length))
  for (let chord = 1; chord < chords; chord++) {
    const target = (position + RING / 2 ** chord) % RING
    add(firstFrom(ring, indexFrom(ring, target), 1, others))
  }
  return [...found]
}

/** Returns the first member at or behind an index, in one direction around the ring, that fits. */
function firstFrom(
  ring: readonly Place[],
  start: number,
  step: 1 | -1,
  fits: (id: string) => boolean,
): string | undefined {
  for (let n = 0; n < ring.length; n++) {
    const { id } = ring[(start + step * n + 2 * ring.length) % ring.length]!
    if (fits(id)) return id
  }
  return undefined
}

/** Returns the index of the first place at or behind a position. */
function indexFrom(ring: readonly Place[], position: number): number {
  let [low, high] = [0, ring.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ring[middle]!.position < position) low = middle + 1
    else high = middle
  }
  return low
}

function ringOf(ids: readonly string[]): Place[] {
  return ids
    .map(id => ({ id, position: hashOf(id) }))
    .sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
}

function hashOf(text: string): number {
  return murmur3(text)[0] >>> 0
}
