import { ExactNumber, type ExactObject, type ExactValue, integerOf } from './exact-json.ts'

/** The `source` of an event: the table and the place in its database's log. */
export interface EventSource {
  readonly connector: string
  /** Names the table for good: "postgresql:shop:inventory.public.customers". Parent pointers are kept under it. */
  readonly name: string
  /** Place of the event in the log of its database; undefined where it says none. */
  readonly position: LogPosition | undefined
  /** Milliseconds since 1970 at which the change was committed, by the database's clock; undefined where it is not told. */
  readonly time: number | undefined
  readonly isSnapshot: boolean
}

/** A place in a log: parts that are compared one by one. Positions of one source have as many parts. */
export type LogPosition = readonly string[]

/** The members of `source` that say where an event stands in its log, for each connector. */
const POSITIONS: Readonly<Record<string, readonly string[]>> = {
  postgresql: ['lsn'],
  mysql: ['file', 'pos', 'row'],
  mariadb: ['file', 'pos', 'row'],
  sqlserver: ['commit_lsn', 'change_lsn', 'event_serial_no'],
  oracle: ['commit_scn', 'scn', 'ssn'],
  mongodb: ['ts_ms', 'ord'],
}

/** Members without which a position orders no events; all of them where a connector is not here. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  sqlserver: ['commit_lsn', 'change_lsn'],
  oracle: ['scn'],
}

/** @param source the `source` of an envelope; of a CloudEvent its extension attributes, without their prefix */
export function parseEventSource(source: ExactObject): EventSource {
  const member = (name: string): string => textOf(source.get(name))
  const connector = member('connector')
  const snapshot = member('snapshot')
  return {
    connector,
    name: nameOf(connector, member),
    position: positionOf(connector, source),
    // A row that is read in between has the time of the reading, not that of its last change.
    time: snapshot === 'incremental' ? undefined : integerOf(source.get('ts_ms')),
    isSnapshot: snapshot !== '' && snapshot !== 'false',
  }
}

let lastName: { readonly parts: readonly string[]; readonly name: string } = { parts: [], name: '' }

/** Returns the name of a table; most events are of the table of the event before. */
function nameOf(connector: string, member: (name: string) => string): string {
  const parts = [connector, member('name'), member('db'), member('schema'), member('table')]
  if (parts[4] === '') parts[4] = member('collection')
  if (parts.every((part, index) => part === lastName.parts[index])) return lastName.name
  const table = parts.slice(2).filter(part => part !== '')
  lastName = { parts, name: [connector, parts[1], table.join('.')].join(':') }
  return lastName.name
}

function positionOf(connector: string, source: ExactObject): LogPosition | undefined {
  const names = POSITIONS[connector]
  if (names === undefined) return undefined
  const needed = NEEDED[connector] ?? names
  if (needed.some(name => textOf(source.get(name)) === '')) return undefined
  return names.map(name => textOf(source.get(name)))
}

function textOf(value: ExactValue | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value instanceof ExactNumber ? value.text : ''
}

/** Returns whether a position is not behind another of the same source: the event was there before. */
export function isAtOrBefore(position: LogPosition, other: LogPosition): boolean {
  for (const [index, part] of position.entries()) {
    const order = compareParts(part, other[index] ?? '')
    if (order !== 0) return order < 0
  }
  return true
}

/** Returns whether two positions of one source are the same place. */
export function isSamePosition(position: LogPosition, other: LogPosition): boolean {
  return position.length === other.length && position.every((part, index) => part === other[index])
}

const DIGITS = /^\d+$/

/** Numbers by value; names of binary logs and sequence numbers in hexadecimal by length and text. */
function compareParts(a: string, b: string): number {
  if (DIGITS.test(a) && DIGITS.test(b)) return compareByLength(a.replace(/^0+/, ''), b.replace(/^0+/, ''))
  return compareByLength(a, b)
}

function compareByLength(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a === b ? 0 : a < b ? -1 : 1
}
