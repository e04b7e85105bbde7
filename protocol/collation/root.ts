import { inflateRawSync } from 'node:zlib'
import { ROOT_TABLE } from './root-table.ts'

/** Collation elements of the CLDR root: an entry is a range of elements, at `start`, of `count`. */
export interface RootElements {
  readonly primaries: Uint32Array
  readonly secondaries: Uint16Array
  readonly tertiaries: Uint8Array
  /** The entry of a code point as `start * 16 + count`; -1 for one that the table does not have. */
  readonly entryOf: (codePoint: number) => number
  /** The contractions that begin with a code point, the longest first. */
  readonly contractions: ReadonlyMap<number, readonly Contraction[]>
}

export interface Contraction {
  /** The code points after the first. */
  readonly rest: readonly number[]
  readonly entry: number
}

export const ENTRY_SHIFT = 16
const PAGE = 256
const COMMON_SECONDARY = 0x500
const COMMON_TERTIARY = 5
const HAN_LEAD = 0xfa
const UNASSIGNED_LEAD = 0xfe

let loaded: RootElements | undefined

/** The table, unpacked on first use. */
export function rootElements(): RootElements {
  loaded ??= unpack(inflateRawSync(Buffer.from(ROOT_TABLE, 'base64')))
  return loaded
}

/** The primary of a code point that the table does not have: in order of code points, after all others. */
export function unassignedPrimary(codePoint: number): number {
  return implicitPrimary(UNASSIGNED_LEAD, codePoint)
}

function implicitPrimary(lead: number, rank: number): number {
  const trail = (128 + (rank >> 14)) * 65536 + ((128 | ((rank >> 7) & 127)) << 8) + (128 | (rank & 127))
  return lead * 0x1000000 + trail
}

class VarintReader {
  private readonly bytes: Uint8Array
  private position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Numbers have up to 33 bits, so they are added up and not shifted. */
  next(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.position++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }

  difference(): number {
    const value = this.next()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  list(): number[] {
    return Array.from({ length: this.next() }, () => this.next())
  }
}

/** The decoded collation table. */
class Elements {
  readonly primaries: number[] = []
  readonly secondaries: number[] = []
  readonly tertiaries: number[] = []
  private readonly pages: (Int32Array | undefined)[] = []

  get length(): number {
    return this.primaries.length
  }

  add(primary: number, secondary: number, tertiary: number): void {
    this.primaries.push(primary)
    this.secondaries.push(secondary)
    this.tertiaries.push(tertiary)
  }

  setEntry(codePoint: number, entry: number): void {
    const page = (this.pages[codePoint >> 8] ??= new Int32Array(PAGE).fill(-1))
    page[codePoint & 255] = entry
  }

  readonly entryOf = (codePoint: number): number => this.pages[codePoint >> 8]?.[codePoint & 255] ?? -1
}

function unpack(bytes: Uint8Array): RootElements {
  const reader = new VarintReader(bytes)
  const secondaries = reader.list()
  const tertiaries = reader.list()
  const elements = new Elements()
  readHan(reader, elements)
  return {
    contractions: readEntries(reader, elements, secondaries, tertiaries),
    primaries: Uint32Array.from(elements.primaries),
    secondaries: Uint16Array.from(elements.secondaries),
    tertiaries: Uint8Array.from(elements.tertiaries),
    entryOf: elements.entryOf,
  }
}

function readHan(reader: VarintReader, elements: Elements): void {
  const count = reader.next()
  let codePoint = 0
  for (let rank = 0; rank < count; rank++) {
    codePoint += reader.difference()
    elements.setEntry(codePoint, elements.length * ENTRY_SHIFT + 1)
    elements.add(implicitPrimary(HAN_LEAD, rank), COMMON_SECONDARY, COMMON_TERTIARY)
  }
}

function readEntries(
  reader: VarintReader,
  elements: Elements,
  secondaries: number[],
  tertiaries: number[],
): Map<number, Contraction[]> {
  const contractions = new Map<number, Contraction[]>()
  let codePoint = -1
  let primary = 0
  for (let step = reader.next(); step !== 0; step = reader.next()) {
    codePoint += step - 1
    const rest = reader.list()
    const start = elements.length
    const count = reader.next()
    for (let i = 0; i < count; i++) {
      primary += reader.difference()
      elements.add(primary, secondaries[reader.next()] as number, tertiaries[reader.next()] as number)
    }
    const entry = start * ENTRY_SHIFT + count
    if (rest.length === 0) elements.setEntry(codePoint, entry)
    else addContraction(contractions, codePoint, { rest, entry })
  }
  return contractions
}

function addContraction(all: Map<number, Contraction[]>, codePoint: number, contraction: Contraction): void {
  const known = all.get(codePoint) ?? []
  known.push(contraction)
  known.sort((a, b) => b.rest.length - a.rest.length)
  all.set(codePoint, known)
}
