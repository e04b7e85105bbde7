import { fail } from './errors.ts'

declare const brand: unique symbol

/** An update sequence as clients see it: "12-<suffix>". They may rely on the number in front and nothing else. */
export type Seq = string & { readonly [brand]: 'Seq' }

/**
 * `number` counts a database's changes; `suffix` is its instance id, which tells a re-created database from the old one.
 */
export function formatSeq(number: number, suffix: string): Seq {
  return `${number}-${suffix}` as Seq
}

/** A sequence that a client sent back: its number, and the suffix when there is one. */
export interface ParsedSeq {
  readonly number: number
  readonly suffix: string | undefined
}

const SEQ = /^"?(\d{1,15})(?:-([\w-]*))?"?$/

/**
 * Parses a sequence: "12-<suffix>", the same in JSON quotes, or a bare number, as users of curl write it.
 *
 * @throws `bad_request` "Malformed sequence supplied in 'since' parameter."
 */
export function parseSeq(value: string | number): ParsedSeq {
  const match = SEQ.exec(String(value))
  if (match?.[1] === undefined) throw fail('malformedSeq')
  return { number: Number(match[1]), suffix: match[2] }
}
