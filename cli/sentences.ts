import { CommanderError } from 'commander'
import { CommandError } from './frame/command-error.ts'
import { FAILED, USAGE } from './frame/exit-codes.ts'

/** Says of errors of the commands what they are; their classes are the server's. */
export interface ErrorKinds {
  /** Returns whether the message is a sentence for the operator, which needs no stack. */
  readonly isOperatorError: (error: unknown) => error is Error
  readonly isUsageError: (error: unknown) => boolean
}

/** Returns the text for standard error: a sentence; with `COUCHETTE_DEBUG`, the stack of what is a fault of ours. */
export function sentenceOf(error: unknown, { isOperatorError }: ErrorKinds): string {
  if (error instanceof CommanderError) return usageSentence(error)
  if (error instanceof CommandError || isOperatorError(error)) return error.message
  if (process.env.COUCHETTE_DEBUG)
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const said = error instanceof Error ? error.message : String(error)
  return `This should not happen: ${said}. COUCHETTE_DEBUG=1 shows where it came from, for a report.`
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
    case 'commander.invalidArgument':
      return invalidChoice(message)
    default:
      return message.replace(/^error: /, '')
  }
}

/** The library's "option '--format <format>' argument 'x' is invalid. Allowed choices are a, b." as a sentence of ours. */
function invalidChoice(message: string): string {
  const [, option = '', given = '', choices = ''] =
    /option '(\S+)[^']*' argument '([^']*)' is invalid\. Allowed choices are (.*)\./.exec(message) ?? []
  if (option !== '') return `${option} takes one of ${choices}, not "${given}".`
  const [, value = '', name = '', all = ''] =
    /value '([^']*)' is invalid for argument '([^']*)'\. Allowed choices are (.*)\./.exec(message) ?? []
  return name === '' ? message.replace(/^error: /, '') : `The ${name} is one of ${all}, not "${value}".`
}
