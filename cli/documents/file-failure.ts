import { fileErrorReason } from '../../protocol/file-errors.ts'
import { CommandError } from '../frame/command-error.ts'

/** Returns the sentence for a failure of a file, or the error itself if it is another failure. */
export function fileFailure(error: unknown, path: string): unknown {
  const reason = fileErrorReason(error)
  return reason === undefined ? error : new CommandError(`${path} cannot be used: ${reason}.`)
}
