/** A binary heap of numbers, the smallest first. */
export class NumberHeap {
  readonly #numbers: number[]

  constructor(numbers: Iterable<number> = []) {
    // A sorted list is a heap.
    this.#numbers = [...numbers].sort((a, b) => a - b)
  }

  get size(): number {
    return this.#numbers.length
  }

  get first(): number | undefined {
    return this.#numbers[0]
  }

  push(number: number): void {
    const numbers = this.#numbers
    let index = numbers.push(number) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((numbers[parent] as number) <= number) break
      numbers[index] = numbers[parent] as number
      index = parent
    }
    numbers[index] = number
  }

  /** Removes the first. */
  pop(): number | undefined {
    const numbers = this.#numbers
    const first = numbers[0]
    const last = numbers.pop()
    if (last === undefined || numbers.length === 0) return first
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      if (left >= numbers.length) break
      const right = left + 1
      const child =
        right < numbers.length && (numbers[right] as number) < (numbers[left] as number) ? right : left
      if ((numbers[child] as number) >= last) break
      numbers[index] = numbers[child] as number
      index = child
    }
    numbers[index] = last
    return first
  }
}
