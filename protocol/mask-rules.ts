import { CouchError } from './errors.ts'
import type { MaskAction, MaskRule } from './masks.ts'
import { badReplication } from './replication-error.ts'
import { parseFieldPath } from './selector/field-path.ts'
import { compileSelector } from './selector/selector.ts'

const ACTIONS = ['remove', 'redact', 'hash', 'keep_last'] as const
const MAX_RULES = 1000
/** Characters of a pattern of names. */
const MAX_PATTERN = 256

/**
 * Parses the `mask` of a job: `[{"selector": {"type": "customer"}, "field": "card.number", "keep_last": 4}]`,
 * for attachments `[{"attachments": "*.pdf", "remove": true}]`.
 *
 * @throws ReplicationSyntaxError for a rule that could leave something clear that it is meant to hide
 */
export function parseMask(value: unknown): readonly MaskRule[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_RULES)
    throw badReplication(`\`mask\` must be an array of 1 to ${MAX_RULES} rules`)
  return value.map((rule: unknown, index) => {
    const place = `rule ${index + 1} of \`mask\``
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule))
      throw badReplication(`${place} must be an object`)
    return parseRule(rule as Readonly<Record<string, unknown>>, place)
  })
}

function parseRule(rule: Readonly<Record<string, unknown>>, place: string): MaskRule {
  const { field, attachments, selector, ...actions } = rule
  const names = Object.keys(actions)
  const name = ACTIONS.find(action => action === names[0])
  if (names.length !== 1 || name === undefined)
    throw badReplication(`${place} must have one of ${ACTIONS.join(', ')}, and nothing else`)
  const action = parseAction(name, actions[name], place)
  try {
    const compiled = selector === undefined ? undefined : compileSelector(selector)
    if (attachments !== undefined)
      return { selector: compiled, path: [], action: attachmentsAction(rule, action, place) }
    if (typeof field !== 'string' || field === '' || field.startsWith('_'))
      throw badReplication(`the \`field\` of ${place} must be the name of a member without "_" in front`)
    return { selector: compiled, path: parseFieldPath(field), action }
  } catch (error) {
    throw error instanceof CouchError ? badReplication(`${place}: ${error.reason}`) : error
  }
}

function attachmentsAction(
  { field, attachments: pattern }: Readonly<Record<string, unknown>>,
  { kind }: MaskAction,
  place: string,
): MaskAction {
  if (field !== undefined) throw badReplication(`${place} must have \`field\` or \`attachments\`, not both`)
  if (typeof pattern !== 'string' || pattern === '' || pattern.length > MAX_PATTERN)
    throw badReplication(`\`attachments\` of ${place} must be a pattern of names, such as "*.pdf"`)
  if (kind !== 'remove') throw badReplication(`${place}: attachments can only be removed`)
  return { kind: 'remove_attachments', pattern }
}

function parseAction(kind: (typeof ACTIONS)[number], value: unknown, place: string): MaskAction {
  switch (kind) {
    case 'remove':
    case 'redact':
      if (value === true) return { kind }
      throw badReplication(`\`${kind}\` of ${place} must be true`)
    case 'hash':
      if (typeof value === 'string' && /^[\w-]{1,64}$/.test(value)) return { kind, secret: value }
      throw badReplication(`\`hash\` of ${place} must be the name of a secret`)
    case 'keep_last':
      if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 64)
        return { kind, characters: Number(value) }
      throw badReplication(`\`keep_last\` of ${place} must be a number of characters up to 64`)
  }
}
