import { hash } from 'node:crypto'
import { ExactNumber, type ExactObject, type ExactValue } from './exact-json.ts'
import { withoutTrailing } from '../trailing.ts'

/**
 * Returns a digest of a document's members that is the same after a round trip through the columns of another database:
 * the order of members, absent and null ones, booleans that came back as 0 and 1, and zeros at the end of a decimal
 * do not count.
 */
export function contentDigest(members: ExactObject): string {
  return hash('sha256', normalized(members), 'base64url').slice(0, 22)
}

function normalized(value: ExactValue): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value instanceof ExactNumber) return numberText(value.text)
  if (typeof value === 'string') return isDecimal(value) ? numberText(value) : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(normalized).join(',')}]`
  return objectText(value)
}

function isDecimal(text: string): boolean {
  // Most texts begin with a letter.
  const first = text.charCodeAt(0)
  return (first <= 0x39 || text === '') && /^-?\d+\.\d+$/.test(text)
}

function objectText(value: ExactObject): string {
  let text = '{'
  for (const { name, label } of inOrder(value)) {
    const member = value.get(name)
    if (member === null || member === undefined) continue
    text += (text === '{' ? label : `,${label}`) + normalized(member)
  }
  return `${text}}`
}

interface NamedMember {
  readonly name: string
  /** The name as JSON, with its colon. */
  readonly label: string
}

interface MemberOrder {
  /** As they came. */
  readonly names: readonly string[]
  readonly sorted: readonly NamedMember[]
}

/** Rows of a table have the same columns: their order is that of the row before. The last used is the first. */
const orders: MemberOrder[] = []
const MAX_ORDERS = 16
const MAX_REMEMBERED_NAMES = 500

function inOrder(value: ExactObject): readonly NamedMember[] {
  const known = orders.findIndex(({ names }) => hasNames(value, names))
  if (known === 0) return orders[0]!.sorted
  const order = known > 0 ? orders.splice(known, 1)[0]! : orderOf(value)
  if (order.names.length > MAX_REMEMBERED_NAMES) return order.sorted
  orders.unshift(order)
  orders.length = Math.min(orders.length, MAX_ORDERS)
  return order.sorted
}

function hasNames(value: ExactObject, names: readonly string[]): boolean {
  if (value.size !== names.length) return false
  let index = 0
  for (const name of value.keys()) if (name !== names[index++]) return false
  return true
}

function orderOf(value: ExactObject): MemberOrder {
  const names = [...value.keys()]
  const sorted = names.toSorted((a, b) => (a < b ? -1 : 1))
  return { names, sorted: sorted.map(name => ({ name, label: `${JSON.stringify(name)}:` })) }
}

function numberText(text: string): string {
  if (/[eE]/.test(text)) return String(Number(text))
  const trimmed = text.includes('.') ? withoutTrailing(withoutTrailing(text, '0'), '.') : text
  return trimmed === '-0' ? '0' : trimmed
}
