/** A set of bytes: one flag for each. */
export type ByteSet = Uint8Array

/** A parsed regular expression over bytes. */
export type Regex =
  | { readonly kind: 'set'; readonly bytes: ByteSet }
  | { readonly kind: 'sequence'; readonly items: readonly Regex[] }
  | { readonly kind: 'choice'; readonly options: readonly Regex[] }
  | {
      readonly kind: 'repeat'
      readonly item: Regex
      readonly min: number
      readonly max: number
      readonly lazy: boolean
    }
  | { readonly kind: 'group'; readonly index: number; readonly item: Regex }
  | { readonly kind: 'atomic'; readonly item: Regex }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negative: boolean; readonly item: Regex }
  | { readonly kind: 'assert'; readonly at: Assertion }
  | { readonly kind: 'backreference'; readonly group: number; readonly caseless: boolean }

/** A place that a pattern can ask for. `dollar` also stands before a final newline. */
export type Assertion = 'start' | 'end' | 'dollar' | 'lineStart' | 'lineEnd' | 'word' | 'notWord'

/** A pattern that PCRE refuses, or that needs what is not supported here. */
export class PatternError extends Error {}
