import { type Policy, parsePolicies, PolicyError } from '../../protocol/conflicts/policy.ts'
import { DESIGN, DESIGN_END } from '../../protocol/document-id.ts'
import { isJsonObject } from '../../protocol/json-value.ts'
import type { Database } from '../database/database.ts'

/** A design document whose policies are not applied. */
export interface InvalidPolicies {
  readonly id: string
  readonly reason: string
}

/** The policies of a database, and what is wrong with those that cannot be applied. */
export interface PolicyList {
  /** In the order of the design documents' ids, and of the rules in each. */
  readonly policies: readonly Policy[]
  readonly invalid: readonly InvalidPolicies[]
}

export const NO_POLICIES: PolicyList = { policies: [], invalid: [] }

const MEMBER = Buffer.from('"conflicts":')

/** Reads the policies of all design documents. */
export async function readPolicies(database: Database): Promise<PolicyList> {
  const policies: Policy[] = []
  const invalid: InvalidPolicies[] = []
  for await (const { id, summary } of database.summariesBetween(DESIGN, DESIGN_END)) {
    if (summary.deleted) continue
    const body = Buffer.from(database.body(summary.body).body)
    if (!body.includes(MEMBER)) continue
    const design = JSON.parse(body.toString()) as unknown
    try {
      policies.push(...parsePolicies(id, isJsonObject(design) ? design.conflicts : undefined))
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      invalid.push({ id, reason: error.message })
    }
  }
  return { policies, invalid }
}
