import { CommanderError } from 'commander'
import { CommandError } from './frame/command-error.ts'
import { FAILED, USAGE } from './frame/exit-codes.ts'

/** Says of errors of the commands what they are; their classes are the server's. */
export interface ErrorKinds {
  /** Returns whether the message is a sentence for the operator, which needs no stack. */
  readonly isOperatorError: (error: unknown) => error is Error
  readonly isUsageError: (error: unknown) => boolean
}

/** Returns the text for standard error: a sentence, or the stack of what is a fault of ours. */
export function sentenceOf(error: unknown, { isOperatorError }: ErrorKinds): string {
  if (error instanceof CommanderError) return usageSentence(error)
  if (error instanceof CommandError || isOperatorError(error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

export function exitCodeOf(error: unknown, { isUsageError }: ErrorKinds): number {
  if (error instanceof CommandError) return error.exitCode
  return error instanceof CommanderError || isUsageError(error) ? USAGE : FAILED
}

/** The library's "error: unknown option '--prot'" as a sentence of ours. */
function usageSentence({ code, message }: CommanderError): string {
  const named = /'([^']*)'/.exec(message)?.[1] ?? ''
  const hint = /Did you mean ([^?]*)\?/.exec(message)?.[1]
  const instead = hint === undefined ? 'couchette --help lists what there is.' : `Did you mean ${hint}?`
  switch (code) {
    case 'commander.unknownOption':
      return `There is no option ${named}. ${instead}`
    case 'commander.unknownCommand':
      return `There is no command ${named}. ${instead}`
    case 'commander.excessArguments':
      return `The command ${named} takes fewer arguments: couchette ${named} --help lists them.`
    case 'commander.optionMissingArgument':
      return `The option ${named} needs a value.`
    case 'commander.missingArgument':
      return `The argument ${named} is missing.`
    default:
      return message.replace(/^error: /, '')
  }
}
