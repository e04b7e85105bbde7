import { LRUCache } from 'lru-cache'

const MAX_ANSWERS = 100
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * The latest reduced answers of an index, by query. They hold for one sequence of the index, and all go when it changes;
 * at most 6.4 MB, of indexes whose reductions are queried often.
 */
export class AnswerCache {
  readonly #answers = new LRUCache<string, string>({ max: MAX_ANSWERS })
  #seq = -1

  get(seq: number, query: string): string | undefined {
    return seq === this.#seq ? this.#answers.get(query) : undefined
  }

  clear(): void {
    this.#answers.clear()
    this.#seq = -1
  }

  put(seq: number, query: string, answer: string): void {
    if (seq !== this.#seq) this.#answers.clear()
    this.#seq = seq
    if (answer.length > MAX_ANSWER_BYTES) return
    this.#answers.set(query, answer)
  }
}
