import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '../../../protocol/errors.ts'
import type { ReplicatedChange } from '../../database/replication-hook.ts'
import { putLogPlace } from '../../database/replicated-records.ts'
import type { StoreBatch } from '../../storage/store.ts'
import {
  type ClusterChange,
  type ContentChange,
  type GroupChange,
  isOfDatabases,
  isOfGroup,
} from '../entry/change.ts'
import type { LogEntry } from '../log/contract.ts'
import { appendBehind } from './append.ts'
import { ContentSender, withLocalContent } from './content.ts'
import { openingPlace } from './opening-place.ts'
import { encodePlace, type Place } from './place.ts'
import { readBehind, readDurable } from './read-behind.ts'
import type { AppliedTo, GroupParts } from './group-parts.ts'
import { PositionWaits } from './position-waits.ts'

/**
 * One group of databases on one node. Its leader appends each batch of changes to the log before it writes its own store; its
 * followers apply the entries in order. The last one is stored with what it changed: a node goes on there after a crash.
 */
export class ReplicatedGroup {
  readonly #parts: GroupParts
  readonly #waits = new PositionWaits()
  #place: Place
  /** The last place that was stored: what lies behind it, as content without its commit, is read again after a failure. */
  #stored: Place
  /** The epoch that this node leads; 0 while it follows. */
  #leading = 0
  /** Appends, one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  /** The append in progress: followers may have its entry before this node's store has it. */
  #writing: Promise<void> | undefined
  /** The empty entry that proves this node to lead, while it waits for its turn. */
  #confirming: Promise<void> | undefined
  /** Refused changes, and those after which databases were read again. */
  #refused = 0
  #reloaded = 0
  /** Times, by `performance.now()`: when the last acknowledged append was sent; when the log last had something new. */
  #appendedAt = -Infinity
  #heardAt = performance.now()

  private constructor(parts: GroupParts, place: Place) {
    this.#parts = parts
    this.#place = this.#stored = place
  }

  /** Opens the group from where the store stands in the log; an empty store begins behind the log's first entry. */
  static async open(parts: GroupParts): Promise<ReplicatedGroup> {
    return new ReplicatedGroup(parts, await openingPlace(parts))
  }

  /** The last entry applied, and what the log says of leader and members until there. */
  get place(): Place {
    return this.#place
  }

  get position(): number {
    return this.#place.position
  }

  /** Position from which this node goes on after a restart: it needs the entries behind it. */
  get storedPosition(): number {
    return this.#stored.position
  }

  get epoch(): number {
    return this.#place.epoch
  }

  get isLeader(): boolean {
    return this.#leading > 0
  }

  /** Milliseconds since the leader's last acknowledged append. */
  get sinceAppendedMs(): number {
    return performance.now() - this.#appendedAt
  }

  /** Milliseconds since the log last had something new for a follower. */
  get sinceHeardMs(): number {
    return performance.now() - this.#heardAt
  }

  /** Resolves when the entry of a position is applied. @throws the signal's reason */
  whenApplied(position: number, signal: AbortSignal): Promise<void> {
    return position <= this.position ? Promise.resolve() : this.#waits.wait(position, signal)
  }

  /**
   * Takes leadership by appending an entry of a new epoch behind the last one of the log, which this node applies before it
   * leads: only a node that has everything can. The acknowledgement proves the entry before durable, too.
   *
   * @returns false where others have appended meanwhile
   */
  async lead(catalog: AppliedTo): Promise<boolean> {
    await this.#last
    const tail = await this.#parts.log.read(this.position + 1)
    const place = tail.reduce((last, entry) => readBehind(last, entry, this.#parts.cipher).place, this.#place)
    const started = performance.now()
    const change = { kind: 'lead', ...this.#parts.node } as const
    const led = await appendBehind(this.#parts, [change], place, place.epoch + 1)
    if (led === undefined) return false
    await catalog.reloadFailed()
    // This node's own position is stored once it leads. The entries read until then are from earlier leaders, and are applied first.
    for (const entry of tail) await this.#apply(entry, catalog)
    await this.#parts.content.discard()
    await this.#store(led)
    this.#advance(led, started)
    this.#leading = led.epoch
    this.#parts.onChange?.(change)
    return true
  }

  /**
   * Makes changes durable in the log, then writes their batch: a hook of the catalog's databases.
   *
   * @throws `notLeader` where this node does not lead, or no longer: nothing was written then
   * @throws `logUnavailable` where the log did not answer: the changes may be found in it later
   */
  replicate(changes: readonly ReplicatedChange[], batch: StoreBatch): Promise<void> {
    return this.#commit(changes, batch).catch((error: unknown) => {
      this.#refused += 1
      throw error
    })
  }

  /** Appends changes of the cluster itself, or none: to prove that this node leads. @throws as {@link replicate} */
  async record(changes: readonly GroupChange[]): Promise<void> {
    await this.#commit(changes, this.#parts.store.batch())
    for (const change of changes) this.#parts.onChange?.(change)
  }

  /**
   * Proves that this node leads: resolves when an append was acknowledged that began after the call. Those who ask together
   * share one.
   *
   * @throws as {@link replicate}
   */
  confirm(): Promise<void> {
    return (this.#confirming ??= this.#commit([], this.#parts.store.batch(), () => {
      this.#confirming = undefined
    }))
  }

  /**
   * Waits until the databases of a leader show all that a follower may show by now.
   *
   * @returns false where that is not known: an append that failed may be in the log, and shown by followers
   */
  async whenWritten(): Promise<boolean> {
    const isWritten = await this.#writing?.then(
      () => true,
      () => false,
    )
    // Databases take it over in the same turn of the event loop.
    await nextTurn()
    return isWritten !== false && this.isLeader
  }

  /** Gives up the leadership; what waits is refused. Another node may have taken it, or may take it. */
  stepDown(): void {
    this.#leading = 0
    this.#heardAt = performance.now()
  }

  /**
   * Applies what the log has and what is known to be durable.
   *
   * @throws {EntryError} where the log is not the one that this node followed
   */
  async catchUp(catalog: AppliedTo): Promise<void> {
    if (this.isLeader) this.stepDown()
    await this.#last
    await this.#reloadRefused(catalog)
    const { log } = this.#parts
    for (;;) {
      const durable = await readDurable(log, this.position + 1)
      for (const entry of durable) await this.#apply(entry, catalog)
      if (durable.length === 0) return
      this.#heardAt = performance.now()
      // Of what is appended later the log tells.
      if (this.position === log.acknowledged) return
    }
  }

  /** Appends changes as the leader, and writes their batch. @param onTurn called when the append begins */
  #commit(changes: readonly ClusterChange[], batch: StoreBatch, onTurn?: () => void): Promise<void> {
    const epoch = this.#leading
    const result = this.#last.then(async () => {
      onTurn?.()
      // What was computed under an earlier leadership may stand on what is no longer so.
      if (epoch === 0 || this.#leading !== epoch) throw fail('notLeader')
      this.#writing = this.#writeAsLeader(changes, batch, epoch)
      await this.#writing.catch((error: unknown) => {
        this.#place = this.#stored
        throw error
      })
    })
    if (epoch > 0) this.#last = result.catch(() => undefined)
    return result
  }

  async #writeAsLeader(changes: readonly ClusterChange[], batch: StoreBatch, epoch: number): Promise<void> {
    const sent = await this.#sendContent(changes, epoch)
    const started = performance.now()
    const place = await this.#appendAsLeader(sent, epoch)
    await this.#configure(changes)
    putLogPlace(batch, encodePlace(place))
    await batch.write()
    this.#stored = place
    this.#advance(place, started)
  }

  /** Appends the content that changes refer to and others may lack. @returns the changes as others are to have them */
  async #sendContent(changes: readonly ClusterChange[], epoch: number): Promise<readonly ClusterChange[]> {
    const sender = new ContentSender(this.#parts.content, this.#parts.log.maxEntryBytes, async piece => {
      const started = performance.now()
      this.#advance(await this.#appendAsLeader([piece], epoch), started)
    })
    return sender.send(changes).catch((error: unknown) => {
      // Followers hold content without its commit until another epoch begins.
      this.stepDown()
      throw error
    })
  }

  async #appendAsLeader(changes: readonly ClusterChange[], epoch: number): Promise<Place> {
    const place = await appendBehind(this.#parts, changes, this.#place, epoch).catch((error: unknown) => {
      this.stepDown()
      throw error
    })
    if (place !== undefined) return place
    this.stepDown()
    throw fail('notLeader')
  }

  async #apply(logged: LogEntry, catalog: AppliedTo): Promise<void> {
    if (logged.position <= this.position) return
    const { store, content, cipher } = this.#parts
    const { place, changes: all } = readBehind(this.#place, logged, cipher)
    if (place.epoch !== this.epoch) await content.discard()
    for (const change of all) if (change.kind === 'content') await this.#take(change)
    const changes = all.filter(isOfDatabases)
    await this.#configure(all)
    // An entry takes effect whole: the place is written with the last of its changes, and those before are put again.
    for (const [index, change] of changes.entries()) {
      const batch = store.batch()
      await withLocalContent(content, change, async (local, isComplete) => {
        const isStored = index === changes.length - 1 && isComplete
        if (isStored) putLogPlace(batch, encodePlace(place))
        await catalog.applyReplicated(local, batch)
        if (isStored) this.#stored = place
      })
    }
    if (changes.length === 0 && place.run.length === 0 && !content.isIncoming) await this.#store(place)
    this.#advance(place)
    for (const change of all) if (isOfGroup(change)) this.#parts.onChange?.(change)
  }

  /** Takes a piece of content. After a failure, content without its commit is read again from the last stored place. */
  async #take(piece: ContentChange): Promise<void> {
    await this.#parts.content.take(piece).catch(async (error: unknown) => {
      await this.#parts.content.discard()
      this.#place = this.#stored
      throw error
    })
  }

  /** Has databases whose changes were refused read again what is on disk. */
  async #reloadRefused(catalog: AppliedTo): Promise<void> {
    const refused = this.#refused
    if (refused === this.#reloaded) return
    // They learn of it in the same turn of the event loop.
    await nextTurn()
    await catalog.reloadFailed()
    this.#reloaded = refused
  }

  async #store(place: Place): Promise<void> {
    const batch = this.#parts.store.batch()
    putLogPlace(batch, encodePlace(place))
    await batch.write()
    this.#stored = place
  }

  async #configure(changes: readonly ClusterChange[]): Promise<void> {
    for (const change of changes) if (change.kind === 'setting') await this.#parts.configure?.(change)
  }

  #advance(place: Place, appendedAt?: number): void {
    this.#place = place
    if (appendedAt !== undefined) this.#appendedAt = appendedAt
    this.#waits.reached(place.position)
  }
}
