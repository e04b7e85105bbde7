interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Events of virtual time, in its order; those of the same moment in the order in which they were added. */
export class EventQueue {
  now = 0
  readonly #heap: Event[] = []
  #order = 0

  at(time: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ at: time, order: this.#order++, run })
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1
      if (!isBefore(heap[child]!, heap[parent]!)) break
      this.#swap(child, parent)
      child = parent
    }
  }

  /** Runs what is due up to a moment, which is now afterwards. */
  runUntil(end: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let parent = 0; ;) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2]
      let first = parent
      if (left < heap.length && isBefore(heap[left]!, heap[first]!)) first = left
      if (right < heap.length && isBefore(heap[right]!, heap[first]!)) first = right
      if (first === parent) return
      this.#swap(first, parent)
      parent = first
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const event = heap[a]!
    heap[a] = heap[b]!
    heap[b] = event
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
