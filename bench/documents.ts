/** About 450 bytes of JSON each: a few short members, numbers, a nested object and a text. */
export interface BenchDocument {
  readonly _id: string
  readonly type: string
  readonly name: string
  readonly count: number
  readonly ratio: number
  readonly tags: readonly string[]
  readonly place: { readonly city: string; readonly lat: number; readonly lon: number }
  readonly text: string
}

const CITIES = ['Aarhus', 'Bergen', 'Cádiz', 'Delft', 'Espoo', 'Faro', 'Graz', 'Hull']
const WORDS = 'the quick brown fox jumps over a lazy dog while seven wizards box and judge my vow '
const TEXT = WORDS.repeat(5)

export function documentId(number: number): string {
  return `document-${String(number).padStart(8, '0')}`
}

export function benchDocument(number: number): BenchDocument {
  return {
    _id: documentId(number),
    type: number % 10 === 0 ? 'tenth' : 'plain',
    name: `The document of number ${number}`,
    count: number,
    ratio: number / 7,
    tags: ['bench', `group-${number % 100}`],
    place: { city: CITIES[number % CITIES.length]!, lat: (number % 180) - 90, lon: (number % 360) - 180 },
    text: TEXT.slice(0, 235 + (number % 40)),
  }
}

export function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number
}

/** Bodies of `_bulk_docs`, made before the clock runs. With `revs` they are updates of those. */
export function bulkBodies(total: number, perRequest: number, revs?: ReadonlyMap<string, string>): Buffer[] {
  const bodies: Buffer[] = []
  for (let from = 0; from < total; from += perRequest) {
    const docs = [...numbers(from, Math.min(from + perRequest, total))].map(number => {
      const doc = benchDocument(number)
      return revs === undefined ? doc : { ...doc, _rev: revs.get(doc._id), updated: true }
    })
    bodies.push(Buffer.from(JSON.stringify({ docs })))
  }
  return bodies
}
