import type { FeedRequest } from './feed-request.ts'

/** Returns true if the index can be read again from any sequence; not when candidates are looked up or rows go backwards. */
export function isResumable({ descending, rows }: FeedRequest): boolean {
  return !descending && rows.filter?.candidates === undefined
}
