import type { AbstractResource } from 'abstract-level'
import { Level } from 'level'

/** Index of a resource among the open ones. */
const PLACE = Symbol('place')

interface Placed extends AbstractResource {
  [PLACE]?: number | undefined
}

/**
 * LevelDB, with its open iterators, batches and snapshots in a list of its own. `abstract-level` keeps them in a `Set` that lives as
 * long as the store: V8 makes a new table for its members every few changes, each old table refers to the next one, and what they
 * hold is only freed when the whole heap is collected. The memory that an iterator has read into, some 100 KB, is not
 * in the heap, and so makes nobody collect it: a server that read one feed again and again grew to a gigabyte.
 */
export class StoreLevel<Value = Uint8Array> extends Level<Uint8Array, Value> {
  readonly #open: Placed[] = []

  override attachResource(resource: Placed): void {
    if (resource[PLACE] === undefined) resource[PLACE] = this.#open.push(resource) - 1
  }

  override detachResource(resource: Placed): void {
    const place = resource[PLACE]
    const last = this.#open.at(-1)
    if (place === undefined || last === undefined) return
    resource[PLACE] = undefined
    this.#open.pop()
    if (last === resource) return
    this.#open[place] = last
    last[PLACE] = place
  }

  override async close(): Promise<void> {
    while (this.#open.length > 0) await Promise.all(this.#open.map(resource => resource.close()))
    return super.close()
  }
}
