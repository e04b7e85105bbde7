const collator = new Intl.Collator('en')

/** Compares two strings in the order of the CLDR root collation, all three levels. Returns -1, 0 or 1. */
export function compareStrings(a: string, b: string): number {
  return a === b ? 0 : Math.sign(collator.compare(a, b))
}
