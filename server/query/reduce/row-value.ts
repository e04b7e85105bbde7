import type { JsonValue } from '../../../protocol/json-value.ts'
import { numberValue, rowValueText } from '../../../protocol/view-row.ts'

/** Returns the value of a row's record. */
export function valueOf(row: Uint8Array): JsonValue {
  return numberValue(row) ?? (JSON.parse(rowValueText(row)) as JsonValue)
}
