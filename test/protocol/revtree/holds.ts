import type { ExecutionContext } from 'ava'
import fc from 'fast-check'

/** Asserts a property on 2,000 generated cases. It fails by throwing, so that fast-check can shrink the case. */
export function holds<Case>(t: ExecutionContext, property: fc.IProperty<Case>): void {
  fc.assert(property, { numRuns: 2000 })
  t.pass()
}
