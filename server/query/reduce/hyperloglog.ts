import { createHash } from 'node:crypto'

/** 2^11 registers, a relative error of about 2%, as CouchDB has it. */
const BITS = 11
const COUNT = 2 ** BITS

/** Estimates how many distinct keys there are (HyperLogLog). */
export interface Registers {
  readonly ranks: Uint8Array
  /** The registers that are not zero: `[place, rank, …]`. */
  encode(): number[]
}

export function emptyRegisters(): Registers {
  const ranks = new Uint8Array(COUNT)
  return { ranks, encode: () => encode(ranks) }
}

export function insert({ ranks }: Registers, key: string): void {
  const hash = createHash('sha1').update(key).digest()
  const index = hash.readUInt16BE(0) >> (16 - BITS)
  const rank = Math.clz32(hash.readUInt32BE(2)) + 1
  if (rank > (ranks[index] as number)) ranks[index] = rank
}

export function unionOfRegisters(parts: readonly number[][]): number[] {
  const ranks = new Uint8Array(COUNT)
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) {
      const [index, rank] = [part[i] as number, part[i + 1] as number]
      if (rank > (ranks[index] as number)) ranks[index] = rank
    }
  }
  return encode(ranks)
}

/** The estimate, with linear counting while many registers are empty. */
export function cardinality(part: readonly number[]): number {
  const zeros = COUNT - part.length / 2
  let harmonic = zeros
  for (let i = 1; i < part.length; i += 2) harmonic += 2 ** -(part[i] as number)
  const estimate = ((0.7213 / (1 + 1.079 / COUNT)) * COUNT * COUNT) / harmonic
  return Math.round(estimate <= 2.5 * COUNT && zeros > 0 ? COUNT * Math.log(COUNT / zeros) : estimate)
}

function encode(ranks: Uint8Array): number[] {
  const encoded: number[] = []
  for (const [index, rank] of ranks.entries()) if (rank > 0) encoded.push(index, rank)
  return encoded
}
