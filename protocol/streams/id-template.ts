import { BadEvent } from './bad-event.ts'
import { ExactNumber, type ExactObject, type ExactValue } from './exact-json.ts'

/** A template of document ids: "customer:{id}" takes the column `id`; `{{` and `}}` are braces. */
export interface IdTemplate {
  readonly text: string
  readonly parts: readonly ({ readonly literal: string } | { readonly column: string })[]
}

const PART = /\{\{|\}\}|\{([^{}]+)\}|[^{}]+|[{}]/g

/** @throws BadEvent `missing_key` for braces that are not closed, and for a template without a column */
export function parseIdTemplate(text: string): IdTemplate {
  const parts = Array.from(text.matchAll(PART), ([part, column]) => {
    if (column !== undefined) return { column }
    if (part === '{' || part === '}') throw new BadEvent('missing_key', `unbalanced braces in ${text}`)
    return { literal: part === '{{' ? '{' : part === '}}' ? '}' : part }
  })
  if (!parts.some(part => 'column' in part))
    throw new BadEvent('missing_key', `the template ${text} names no column, as in "customer:{id}"`)
  return { text, parts }
}

/**
 * Returns the id of a row.
 *
 * @param places objects in which columns are looked up: the key, then the row
 * @throws BadEvent `missing_key`
 */
export function fillIdTemplate(
  template: IdTemplate,
  places: readonly (ExactObject | null | undefined)[],
): string {
  return template.parts
    .map(part => ('literal' in part ? part.literal : columnText(part.column, places)))
    .join('')
}

function columnText(column: string, places: readonly (ExactObject | null | undefined)[]): string {
  const place = places.find(object => object?.has(column))
  const text = scalarText(place?.get(column))
  if (text !== undefined) return text
  const problem = place === undefined ? 'is missing' : 'is null or no scalar'
  throw new BadEvent('missing_key', `the column ${column} of the template ${problem} in the event`)
}

function scalarText(value: ExactValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value instanceof ExactNumber ? value.text : undefined
}
