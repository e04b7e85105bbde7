import { jsonOf, parse, scope } from './builtins.ts'
import { describe, errorText, isFatal } from './errors.ts'
import { host, type GuestError, type GuestResponse } from './host.ts'
import { isMimeUsed, resetMime, runProvided } from './mime.ts'
import { addChunk, resetOutput, takeChunks, takeStart } from './output.ts'
import { rethrow, withType, type Call, type GuestRequest } from './render.ts'

/** The output of a list function since it was last handed over. */
export interface GuestListOutput {
  readonly head: GuestResponse
  readonly text: string
  /** True once a chunk was sent: from then on the head does not change. */
  readonly hasBegun: boolean
  /** True if the function waits for rows; false if it only has much to send. */
  readonly wantsRows: boolean
  /** The error that ended the function after it had asked for a row. */
  readonly error?: GuestError
}

/** The first rows of a list function. */
export interface GivenRows {
  readonly rows: unknown[]
  /** True if these are all rows; else output is exchanged for the next rows, which are empty text at their end. */
  readonly isWhole: boolean
}

/** Length of the output, in characters, that is handed over at once, though there are rows. */
const MAX_TEXT_LENGTH = 256 * 1024

let head: GuestResponse = {}
let text = ''
let hasBegun = false
let hasAsked = false
let rows: unknown[] = []
let nextRow = 0
let hasMore = false
let isEnded = false

export function installListGlobals(): void {
  scope.getRow = getRow
}

/** Runs a list function. (CouchDB: share/server/render.js, couch_mrview_show:list_cb/2) */
export function list({ run, ddoc, args }: Call, given: GivenRows): string {
  reset(given)
  try {
    let tail = run.apply(ddoc, args)
    if (isMimeUsed()) tail = runProvided(args[1] as GuestRequest, ddoc)
    if (!hasAsked) getRow()
    if (tail !== undefined) addChunk(String(tail))
    collectOutput()
    return outputText(takeOutput(false))
  } catch (thrown) {
    if (!hasAsked || (isEnded && !hasBegun)) return rethrow(thrown)
    return outputText({ ...takeOutput(false), error: errorOf(thrown) })
  }
}

function reset(given: GivenRows): void {
  resetOutput()
  resetMime()
  head = {}
  text = ''
  hasBegun = hasAsked = isEnded = false
  rows = given.rows
  nextRow = 0
  hasMore = !given.isWhole
}

function getRow(): unknown {
  if (isEnded) return null
  collectOutput()
  if (nextRow >= rows.length && hasMore) readMore()
  else if (text.length > MAX_TEXT_LENGTH && hasMore) host.exchange(outputText(takeOutput(false)))
  host.tick()
  if (nextRow < rows.length) return rows[nextRow++]
  isEnded = true
  return null
}

/** Collects what was sent. It is handed over with the next row, so that an error takes what came before it along. */
function collectOutput(): void {
  const started = takeStart()
  if (!hasAsked) head = withType(started ?? {})
  else if (started !== undefined && !hasBegun) head = started
  hasAsked = true
  const chunks = takeChunks()
  hasBegun ||= chunks.length > 0
  text += chunks.join('')
}

function takeOutput(wantsRows: boolean): GuestListOutput {
  const taken = text
  text = ''
  return { head, text: taken, hasBegun, wantsRows }
}

function outputText(output: GuestListOutput): string {
  const error = output.error === undefined ? '' : `,"error":${errorText(output.error)}`
  const flags = `"hasBegun":${output.hasBegun},"wantsRows":${output.wantsRows}`
  return `{"head":${jsonOf(output.head)},"text":${jsonOf(output.text)},${flags}${error}}`
}

function readMore(): void {
  const answer = host.exchange(outputText(takeOutput(true)))
  hasMore = answer !== ''
  rows = hasMore ? (parse(answer) as unknown[]) : []
  nextRow = 0
}

function errorOf(thrown: unknown): GuestError {
  try {
    return rethrow(thrown)
  } catch (error) {
    if (isFatal(error)) throw error
    return describe(error)
  }
}
