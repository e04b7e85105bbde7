import { type JsonNode, parseJsonText } from './json-text.ts'

const MAX_DEPTH = 4
const MAX_NAMES = 200

/** The names of fields that occur in documents, nested ones with dots, the most frequent first. */
export function fieldNames(texts: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const name of namesIn(parseJsonText(text), '', 0)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
    .slice(0, MAX_NAMES)
    .map(([name]) => name)
}

function* namesIn(node: JsonNode, prefix: string, depth: number): Generator<string> {
  if (depth > MAX_DEPTH) return
  for (const { name, value } of node.members) {
    // A dot inside of a name is written with a backslash in selectors.
    const path = prefix + name.replaceAll('.', '\\.')
    yield path
    if (value.kind === 'object') yield* namesIn(value, `${path}.`, depth + 1)
  }
}

/** The operators of selectors, with what each does. */
export const OPERATORS: Readonly<Record<string, string>> = {
  $and: 'all of these selectors match',
  $or: 'one of these selectors matches',
  $nor: 'none of these selectors matches',
  $not: 'the selector does not match',
  $eq: 'equal',
  $ne: 'not equal',
  $lt: 'less than',
  $lte: 'less than or equal',
  $gt: 'greater than',
  $gte: 'greater than or equal',
  $in: 'one of these values',
  $nin: 'none of these values',
  $exists: 'true: the field is there',
  $type: 'null, boolean, number, string, array or object',
  $regex: 'matches a regular expression',
  $beginsWith: 'begins with this text',
  $mod: 'remainder of a division: [divisor, remainder]',
  $size: 'length of an array',
  $all: 'an array with all of these values',
  $elemMatch: 'one element matches',
  $allMatch: 'every element matches',
  $keyMapMatch: 'one key of the object matches',
}
