import { HEALTH_DEFAULTS, MemberHealth } from '../../protocol/mesh/member-health.ts'
import { Topology, type TopologyMember } from '../../protocol/mesh/topology.ts'
import { EventQueue } from './event-queue.ts'

/** A mesh in virtual time: members with the topology and the health that the server uses, and a network with delays. */
export interface SimulationOptions {
  readonly members: number
  readonly regions: number
  readonly seed: number
  /** Milliseconds of one way within a region, and between regions. */
  readonly nearMs?: number
  readonly farMs?: number
}

/** Measurements of one change that was written at one member. */
export interface ChangeReport {
  readonly reached: number
  readonly maxHops: number
  readonly meanHops: number
  /** Milliseconds of virtual time until the last member had it. */
  readonly tookMs: number
}

export interface TrafficReport {
  /** Bodies that came to a member which had them already, or had them on their way. */
  readonly duplicates: number
  readonly bodies: number
  /** Bodies that crossed from one region to another. */
  readonly farBodies: number
  /** Rows of feeds: an id and a revision, without a body. */
  readonly rows: number
}

/** A member's state of one change. */
const NOTHING = 0
const COMING = 1
const HERE = 2

interface Change {
  readonly at: number
  readonly state: Uint8Array
  readonly hops: Uint16Array
  readonly arrived: Float64Array
}

const REQUEST_TIMEOUT_MS = 1000

/**
 * Members pull from their neighbours: a row of a feed arrives, and where the body is neither here nor on its way it is
 * fetched. Each asks its neighbours every second whether they answer, and derives its neighbours again when one does not.
 */
export class Simulation {
  readonly events = new EventQueue()
  readonly traffic = { duplicates: 0, bodies: 0, farBodies: 0, rows: 0 }
  readonly #members: TopologyMember[] = []
  readonly #indexOf = new Map<string, number>()
  readonly #health: MemberHealth[] = []
  readonly #alive: boolean[] = []
  readonly #side: number[] = []
  readonly #pullsFrom: Set<number>[] = []
  readonly #pulledBy: Set<number>[] = []
  readonly #changes: Change[] = []
  readonly #near: number
  readonly #far: number
  #topology: Topology
  #random: number

  constructor({ members, regions, seed, nearMs = 5, farMs = 80 }: SimulationOptions) {
    this.#random = seed
    this.#near = nearMs
    this.#far = farMs
    for (let n = 0; n < members; n++) this.#addMember(`region-${n % regions}`)
    this.#topology = new Topology(this.#members)
    for (let n = 0; n < members; n++) this.#connect(n)
  }

  get now(): number {
    return this.events.now
  }

  get degree(): { readonly mean: number; readonly max: number } {
    const sizes = this.#pullsFrom.map(({ size }) => size)
    return { mean: sum(sizes) / sizes.length, max: Math.max(...sizes) }
  }

  /** Returns a number from 0 up to a limit: the same for the same seed. */
  random(limit: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#random / 2 ** 32) * limit)
  }

  /** Writes a change at a member. @returns its number */
  write(member: number): number {
    const size = this.#members.length
    const change = {
      at: this.now,
      state: new Uint8Array(size),
      hops: new Uint16Array(size),
      arrived: new Float64Array(size),
    }
    this.#changes.push(change)
    this.#arrive(this.#changes.length - 1, member, 0)
    return this.#changes.length - 1
  }

  /** Writes at a member that lives and is on a side. */
  writeSomewhere(side?: number): number {
    let member = this.random(this.#members.length)
    while (!this.#alive[member] || (side !== undefined && this.#side[member] !== side))
      member = this.random(this.#members.length)
    return this.write(member)
  }

  kill(member: number): void {
    this.#alive[member] = false
  }

  revive(member: number): void {
    this.#alive[member] = true
    this.#connect(member)
  }

  /** Cuts the network: members of different sides do not reach each other. */
  partition(sideOf: (member: number) => number): void {
    for (let n = 0; n < this.#members.length; n++) this.#side[n] = sideOf(n)
  }

  heal(): void {
    this.partition(() => 0)
  }

  /** Replaces a member by another one with an empty store, which all others know of at once. */
  replace(member: number): void {
    const { id, region } = this.#members[member]!
    this.#indexOf.delete(id)
    this.#members[member] = { id: `${id}'`, region }
    this.#indexOf.set(`${id}'`, member)
    this.#alive[member] = true
    for (const change of this.#changes) change.state[member] = NOTHING
    this.#health[member] = new MemberHealth()
    this.#topology = new Topology(this.#members)
    const ids = new Set(this.#indexOf.keys())
    for (let n = 0; n < this.#members.length; n++) {
      this.#health[n]!.keepOnly(ids)
      this.#connect(n)
    }
  }

  /** Lets virtual time pass; members look at their neighbours every second. */
  run(ms: number): void {
    const end = this.now + ms
    while (this.now < end) {
      this.#probeAll()
      this.events.runUntil(Math.min(end, this.now + HEALTH_DEFAULTS.probeEveryMs))
    }
  }

  /** Runs until every living member has every change. @returns milliseconds that it took; undefined if it did not */
  runUntilEqual(mostMs: number): number | undefined {
    const start = this.now
    while (this.now - start < mostMs) {
      this.run(HEALTH_DEFAULTS.probeEveryMs)
      if (this.#isEqual())
        return Math.max(0, ...this.#changes.map(change => this.#lastArrival(change))) - start
    }
    return undefined
  }

  report(change: number): ChangeReport {
    const { state, hops, at } = this.#changes[change]!
    const there = [...state.keys()].filter(n => state[n] === HERE && this.#alive[n])
    const counts = there.map(n => hops[n]!)
    return {
      reached: there.length,
      maxHops: Math.max(...counts),
      meanHops: sum(counts) / counts.length,
      tookMs: this.#lastArrival(this.#changes[change]!) - at,
    }
  }

  #lastArrival({ state, arrived }: Change): number {
    let last = 0
    for (let n = 0; n < state.length; n++)
      if (state[n] === HERE && this.#alive[n] && arrived[n]! > last) last = arrived[n]!
    return last
  }

  #isEqual(): boolean {
    return this.#changes.every(({ state }) =>
      this.#alive.every((alive, member) => !alive || state[member] === HERE),
    )
  }

  #addMember(region: string): void {
    const member = this.#members.length
    const id = `member-${member}`
    this.#members.push({ id, region })
    this.#indexOf.set(id, member)
    this.#health.push(new MemberHealth())
    this.#alive.push(true)
    this.#side.push(0)
    this.#pullsFrom.push(new Set())
    this.#pulledBy.push(new Set())
  }

  #reaches(a: number, b: number): boolean {
    return this.#alive[a] === true && this.#alive[b] === true && this.#side[a] === this.#side[b]
  }

  #probeAll(): void {
    for (let member = 0; member < this.#members.length; member++) if (this.#alive[member]) this.#probe(member)
  }

  #probe(member: number): void {
    const health = this.#health[member]!
    const { id } = this.#members[member]!
    const neighbours = [...this.#pullsFrom[member]!].map(n => this.#members[n]!.id)
    const watched = [...neighbours, ...this.#topology.watched(id, health.isReachable)]
    let hasChanged = false
    for (const other of health.due(watched, this.now)) {
      const index = this.#indexOf.get(other)
      const answers = index !== undefined && this.#reaches(member, index)
      if (answers ? health.answered(other, this.now) : health.failed(other, this.now)) hasChanged = true
    }
    if (hasChanged) this.#connect(member)
  }

  /** Derives a member's neighbours, and reads the feeds of new ones from where they differ. */
  #connect(member: number): void {
    const health = this.#health[member]!
    const ids = this.#topology.neighbours(this.#members[member]!.id, health.isReachable)
    const wanted = new Set(ids.map(id => this.#indexOf.get(id)!))
    const before = this.#pullsFrom[member]!
    this.#pullsFrom[member] = wanted
    for (const other of before) if (!wanted.has(other)) this.#pulledBy[other]!.delete(member)
    for (const other of wanted) {
      this.#pulledBy[other]!.add(member)
      this.#catchUp(member, other)
    }
  }

  #catchUp(member: number, from: number): void {
    if (!this.#reaches(member, from)) return
    for (const [number, { state }] of this.#changes.entries())
      if (state[from] === HERE && state[member] === NOTHING) this.#rowTo(member, number, from)
  }

  #arrive(number: number, member: number, hops: number): void {
    const change = this.#changes[number]!
    if (change.state[member] === HERE) {
      this.traffic.duplicates++
      return
    }
    change.state[member] = HERE
    change.hops[member] = hops
    change.arrived[member] = this.now
    for (const reader of this.#pulledBy[member]!) this.#rowTo(reader, number, member)
  }

  /** A row of a neighbour's feed: the body is fetched unless it is here or on its way, and then looked at again. */
  #rowTo(member: number, number: number, from: number): void {
    this.events.at(this.now + this.#delay(from, member), () => {
      if (!this.#reaches(member, from)) return
      this.traffic.rows++
      this.#fetch(member, number, from)
    })
  }

  #fetch(member: number, number: number, from: number): void {
    const change = this.#changes[number]!
    if (change.state[member] !== NOTHING) return
    change.state[member] = COMING
    this.traffic.bodies++
    if (this.#members[member]!.region !== this.#members[from]!.region) this.traffic.farBodies++
    const roundTrip = 2 * this.#delay(from, member)
    this.events.at(this.now + roundTrip, () => {
      if (this.#reaches(member, from)) return this.#arrive(number, member, change.hops[from]! + 1)
      // The request fails; what other neighbours have of it is fetched from them.
      this.events.at(this.now + REQUEST_TIMEOUT_MS, () => {
        if (change.state[member] !== COMING) return
        change.state[member] = NOTHING
        for (const other of this.#pullsFrom[member]!)
          if (change.state[other] === HERE) this.#rowTo(member, number, other)
      })
    })
  }

  #delay(a: number, b: number): number {
    const base = this.#members[a]!.region === this.#members[b]!.region ? this.#near : this.#far
    return base * (0.75 + this.random(50) / 100)
  }
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
