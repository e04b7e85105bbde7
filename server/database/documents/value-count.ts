import { fail } from '../../../protocol/errors.ts'
import { countValues } from '../../../protocol/json/count-values.ts'
import { runSteps } from '../../../protocol/steps.ts'

/** Shorter bodies cannot hold enough values to matter. */
const COUNTED_BYTES = 16 * 1024

/** Refuses a document of more elements and members than a system database takes. @throws `too_large` */
export function checkValueCount(body: Uint8Array, most: number): void {
  if (body.length > COUNTED_BYTES && runSteps(countValues(body, most)) > most)
    throw fail('tooLarge', `the document has more than ${most} values`)
}
