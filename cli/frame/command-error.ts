import { FAILED, USAGE } from './exit-codes.ts'

/** A failure of a command whose message is a sentence for the operator. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = FAILED, cause?: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** Returns the error for options or arguments that cannot be carried out as they were typed. */
export function usageError(message: string): CommandError {
  return new CommandError(message, USAGE)
}
