import { createHash } from 'node:crypto'
import { ExactNumber, type ExactObject, type ExactValue } from './exact-json.ts'

/**
 * Returns a digest of a document's members that is the same after a round trip through the columns of another database:
 * the order of members, absent and null ones, booleans that came back as 0 and 1, and zeros at the end of a decimal
 * do not count.
 */
export function contentDigest(members: ExactObject): string {
  return createHash('sha256').update(normalized(members)).digest('base64url').slice(0, 22)
}

function normalized(value: ExactValue): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value instanceof ExactNumber) return numberText(value.text)
  if (typeof value === 'string') return /^-?\d+\.\d+$/.test(value) ? numberText(value) : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(normalized).join(',')}]`
  return objectText(value)
}

function objectText(value: ExactObject): string {
  const present = [...value].filter(([, member]) => member !== null)
  present.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${present.map(([name, member]) => `${JSON.stringify(name)}:${normalized(member)}`).join(',')}}`
}

function numberText(text: string): string {
  if (/[eE]/.test(text)) return String(Number(text))
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return trimmed === '-0' ? '0' : trimmed
}
