import { runSteps, type Steps } from '../steps.ts'
import { JsonScanner } from './scanner.ts'

/** A member of an object: its name, and its value's text. */
export type RawMember = readonly [name: string, value: Buffer]

/** The members of an object in order; undefined when the value is no object. @param json as `canonicalJson` gives it */
export function jsonMembers(json: Buffer): RawMember[] | undefined {
  return runSteps(jsonMembersInSteps(json))
}

/** As `jsonMembers`, for long texts. */
export function* jsonMembersInSteps(json: Buffer): Steps<RawMember[] | undefined> {
  const scanner = new JsonScanner(json, { term: false })
  if (!scanner.enterObject()) return undefined
  const members: RawMember[] = []
  while (scanner.more()) {
    const member = scanner.beginDetached()
    for (let isRead = scanner.beginValue(); !isRead; isRead = scanner.goOn()) yield
    const { name, start, end } = scanner.endDetached(member)
    if (scanner.isPauseDue) {
      yield
      scanner.paused()
    }
    members.push([name, json.subarray(start, end)])
  }
  return members
}
