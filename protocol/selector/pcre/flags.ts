/** The options that hold at a place of a pattern: (?i), (?m), (?s), (?x). */
export interface PatternFlags {
  readonly caseless: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
  readonly extended: boolean
  readonly swapGreed: boolean
}

export const NO_FLAGS: PatternFlags = {
  caseless: false,
  multiline: false,
  dotAll: false,
  extended: false,
  swapGreed: false,
}

const LETTERS: Readonly<Record<string, Partial<PatternFlags>>> = {
  i: { caseless: true },
  m: { multiline: true },
  s: { dotAll: true },
  x: { extended: true },
  U: { swapGreed: true },
  J: {},
}

/** Returns the flags after the letters of `(?i-s)`; undefined if one of them is not a flag. */
export function changeFlags(flags: PatternFlags, letters: string): PatternFlags | undefined {
  let value = true
  let changed = flags
  for (const letter of letters) {
    if (letter === '-') value = false
    else {
      const change = LETTERS[letter]
      if (change === undefined) return undefined
      for (const name of Object.keys(change)) changed = { ...changed, [name]: value }
    }
  }
  return changed
}
