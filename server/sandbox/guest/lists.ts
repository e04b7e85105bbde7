import type { GuestErrors } from './errors.ts'
import type { GuestError, GuestFunction, GuestHost, GuestResponse } from './host.ts'
import type { GuestMime } from './mime.ts'
import type { GuestRender } from './render.ts'
import type { GuestSpeech } from './speech.ts'

/** What a list function has said since it was heard last. */
export interface GuestSaid {
  readonly head: GuestResponse
  readonly text: string
  /** Whether there was a chunk, now or before: then the head is what it is. */
  readonly hasBegun: boolean
  /** Whether it waits for rows; else it only has much to say. */
  readonly wantsRows: boolean
  /** What ended the function after it had asked for a row. */
  readonly error?: GuestError
}

/** List functions, with `getRow`. (CouchDB: share/server/render.js, couch_mrview_show:list_cb/2) */
export interface GuestLists {
  /**
   * @param given.rows the first rows
   * @param given.isWhole whether these are all; else what the function has said is exchanged for the next rows, which are
   *   empty text where there are none
   */
  list(
    run: GuestFunction,
    ddoc: unknown,
    args: unknown[],
    given: { rows: unknown[]; isWhole: boolean },
  ): GuestSaid
}

export function createLists(
  host: GuestHost,
  mime: GuestMime,
  errors: GuestErrors,
  speech: GuestSpeech,
  render: GuestRender,
): GuestLists {
  const { parse, stringify } = JSON
  const scope = globalThis as unknown as Record<string, unknown>
  /** So much is heard at once, though there are rows. */
  const longest = 256 * 1024
  let head: GuestResponse = {}
  let text = ''
  let hasBegun = false
  let hasAsked = false
  let rows: unknown[] = []
  let place = 0
  let hasMore = false
  let isEnded = false

  const reset = (given: unknown[], isWhole: boolean) => {
    speech.reset()
    mime.reset()
    head = {}
    text = ''
    hasBegun = hasAsked = isEnded = false
    rows = given
    place = 0
    hasMore = !isWhole
  }

  /** What was sent is given away with the next row, so that an error takes what came before it along. */
  const give = () => {
    const started = speech.takeStart()
    if (!hasAsked) head = render.withType(started ?? {})
    else if (started !== undefined && !hasBegun) head = started
    hasAsked = true
    const chunks = speech.takeChunks()
    hasBegun ||= chunks.length > 0
    text += chunks.join('')
  }

  const said = (wantsRows: boolean): GuestSaid => {
    const spoken = text
    text = ''
    return { head, text: spoken, hasBegun, wantsRows }
  }

  const takeMore = () => {
    const answer = host.exchange(stringify(said(true)))
    hasMore = answer !== ''
    rows = hasMore ? (parse(answer) as unknown[]) : []
    place = 0
  }

  const getRow = () => {
    if (isEnded) return null
    give()
    if (place >= rows.length && hasMore) takeMore()
    else if (text.length > longest && hasMore) host.exchange(stringify(said(false)))
    host.tick()
    if (place < rows.length) return rows[place++]
    isEnded = true
    return null
  }
  scope.getRow = getRow

  const describe = (thrown: unknown): GuestError => {
    try {
      return render.rethrow(thrown)
    } catch (error) {
      if (errors.isFatal(error)) throw error
      return errors.describe(error)
    }
  }

  return {
    list(run, ddoc, args, given) {
      reset(given.rows, given.isWhole)
      try {
        let tail = run.apply(ddoc, args)
        if (mime.isUsed()) tail = mime.run(args[1] as Parameters<GuestMime['run']>[0], ddoc)
        if (!hasAsked) getRow()
        if (tail !== undefined) speech.add(String(tail))
        give()
        return said(false)
      } catch (thrown) {
        if (!hasAsked || (isEnded && !hasBegun)) return render.rethrow(thrown)
        return { ...said(false), error: describe(thrown) }
      }
    },
  }
}
