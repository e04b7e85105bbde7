import { randomBytes } from 'node:crypto'

const MASK = 0xffffffffff

/** Steps through all ten-digit numbers in an order that does not show how many requests there were. */
const STEP = 0x9e3779b97f

let last = randomBytes(5).readUIntBE(0, 5)

/** An id for a request's answer and its lines in the log: ten hex digits, as CouchDB's. */
export function nextRequestId(): string {
  last = (last + STEP) % (MASK + 1)
  return last.toString(16).padStart(10, '0')
}
