import { StartError } from '../config/start-error.ts'
import { DamagedValueError } from '../storage/encryption/damaged.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'
import { UsageError } from './usage-error.ts'

export { VERSION } from '../node/version.ts'

const OF_OPERATORS = [StartError, StoreUnavailableError, DamagedValueError]

/** Returns whether the message is a sentence for the operator, which needs no stack. */
export function isOperatorError(error: unknown): error is Error {
  return OF_OPERATORS.some(kind => error instanceof kind) || isUsageError(error)
}

export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError
}
