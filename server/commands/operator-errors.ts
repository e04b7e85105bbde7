import { StartError } from '../config/start-error.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'
import { UsageError } from './usage-error.ts'

export { VERSION } from '../node/version.ts'

/** Returns whether the message is a sentence for the operator, which needs no stack. */
export function isOperatorError(error: unknown): error is Error {
  return error instanceof StartError || error instanceof StoreUnavailableError || isUsageError(error)
}

export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError
}
