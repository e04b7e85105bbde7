import { EntryError } from '../entry/entry.ts'
import { LogSetBackError, LogTrimmedError } from '../log/contract.ts'

const NEW_LOG =
  'Nothing was applied. Compare the positions of all nodes (couchette cluster status), stop them, and start a new log from the most advanced one with couchette cluster new-log: docs/cluster.md, "A log that was lost".'

/** Returns the sentence for an error after which a node cannot follow its log; undefined where it can try again. */
export function stopReason(error: unknown): string | undefined {
  if (error instanceof LogTrimmedError)
    return 'The log no longer has what this node lacks: remove its data directory and run couchette cluster join again.'
  if (error instanceof LogSetBackError || error instanceof EntryError)
    return `${sentence(error.message)} ${NEW_LOG}`
  return undefined
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
