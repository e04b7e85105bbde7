import { TimeSlice } from '../../concurrency/time-slice.ts'
import { abortResponse } from './abort-response.ts'
import type { HttpContext } from '../context.ts'
import { endBatched } from './end-batched.ts'
import { quotedEtag } from './etag.ts'
import { gzipped, wantsGzip } from './gzip.ts'
import { LongAnswer } from './long-answer.ts'
import { LONG_ANSWER } from './unread-answer.ts'
import { isClosed } from './is-closed.ts'

const NEWLINE = 0x0a

/**
 * Answers JSON: a value to print, or text that is printed already. One newline behind it, as CouchDB has it. Written
 * to the response directly, as koa's own way costs a small answer about as much as finding it.
 */
export function sendJson(
  ctx: HttpContext,
  value: unknown,
  status = 200,
  cacheControl = 'must-revalidate',
): void {
  const body = value instanceof Uint8Array ? withNewline(value) : Buffer.from(`${JSON.stringify(value)}\n`)
  sendBytes(ctx, body, status, cacheControl)
}

function sendBytes(ctx: HttpContext, body: Buffer, status: number, cacheControl: string): void {
  if (body.length >= LONG_ANSWER && ctx.method !== 'HEAD') holdUntilTaken(ctx, body.length)
  ctx.respond = false
  ctx.res.writeHead(status, {
    'Cache-Control': cacheControl,
    'Content-Type': 'application/json',
    'Content-Length': body.length,
  })
  endBatched(ctx.res, ctx.method === 'HEAD' ? undefined : body)
}

/** Counts a long answer that is sent at once. @throws `busy` where nothing was done yet for its request */
function holdUntilTaken({ method, res, services }: HttpContext, bytes: number): void {
  const { unreadAnswers } = services
  if (method === 'GET') unreadAnswers.admit()
  if (isClosed(res)) return
  const unread = unreadAnswers.open(() => res.destroy())
  unread.hold(bytes)
  unread.stalled()
  res.once('close', () => unread.close())
}

function withNewline(text: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(text.length + 1)
  body.set(text)
  body[text.length] = NEWLINE
  return body
}

const GATHERED_BYTES = LONG_ANSWER

interface StreamOptions {
  readonly status?: number
  /** Account of the pieces, where they were counted as they were made. */
  readonly answer?: LongAnswer
}

/**
 * Answers JSON that comes in pieces: at once where it is short, else piece by piece, as fast as the client reads them.
 * What the first pieces throw is answered as an error.
 */
export async function streamJson(
  ctx: HttpContext,
  pieces: AsyncGenerator<Uint8Array | string>,
  { status = 200, answer }: StreamOptions = {},
): Promise<void> {
  const gathered: Uint8Array[] = []
  const slice = new TimeSlice()
  let bytes = 0
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
    const piece = typeof next.value === 'string' ? Buffer.from(next.value) : next.value
    gathered.push(piece)
    bytes += piece.length
    if (bytes >= GATHERED_BYTES) return streamBehind(ctx, Buffer.concat(gathered), pieces, { status, answer })
    if (slice.isOver) await slice.pause()
  }
  sendBytes(ctx, Buffer.concat(gathered), status, 'must-revalidate')
}

async function streamBehind(
  ctx: HttpContext,
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array | string>,
  { status, answer }: { status: number; answer: LongAnswer | undefined },
): Promise<void> {
  ctx.status = status
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', 'application/json')
  const leave = (): void => void rest.return(undefined).catch(() => undefined)
  if (ctx.method === 'HEAD') {
    leave()
    ctx.respond = false
    ctx.res.end()
    return
  }
  // Whoever waits to make the next piece learns that nobody wants it.
  ctx.res.once('close', leave)
  await streamChunks(ctx, gatheredBehind(first, rest), answer)
}

/** Pieces in chunks worth sending; what is there goes out whenever others had their turn. */
async function* gatheredBehind(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array | string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const slice = new TimeSlice()
  yield first
  let gathered: Uint8Array[] = []
  let bytes = 0
  for await (const next of rest) {
    const piece = typeof next === 'string' ? Buffer.from(next) : next
    gathered.push(piece)
    bytes += piece.length
    const isOver = slice.isOver
    const isWithoutRoom = piece.length === 0
    if (bytes < GATHERED_BYTES && !isOver && !isWithoutRoom) continue
    if (bytes > 0) yield Buffer.concat(gathered)
    if (isWithoutRoom) yield piece
    gathered = []
    bytes = 0
    // A client that reads fast would never let the event loop turn.
    if (isOver) await slice.pause()
  }
  yield Buffer.concat(gathered)
}

/** Answers JSON in chunks, as `streamChunks` does; to HEAD, that there would be some. A newline ends the answer. */
export async function streamJsonChunks(
  ctx: HttpContext,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  answer?: LongAnswer,
): Promise<void> {
  ctx.status = 200
  ctx.set('Cache-Control', 'must-revalidate')
  ctx.set('Content-Type', 'application/json')
  if (ctx.method !== 'HEAD') {
    await streamChunks(ctx, withNewlineBehind(chunks), answer)
    return
  }
  ctx.respond = false
  ctx.res.end()
}

async function* withNewlineBehind(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
  yield Buffer.from([NEWLINE])
}

/**
 * Answers in chunks, the first of which is made before anything is sent: what it throws is answered as an error. Later
 * failures break the answer off. The chunks come as fast as the client reads them.
 *
 * @param counted account of the chunks, where they were counted as they were made
 * @throws `busy`, where the answer is long and too many wait for their clients
 */
export async function streamChunks(
  ctx: HttpContext,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  counted?: LongAnswer,
): Promise<void> {
  const { res } = ctx
  const answer = counted ?? new LongAnswer(ctx)
  const made = counted === undefined ? answer.unread.counted(chunks) : chunks
  try {
    let first = await made.next()
    while (first.done !== true && first.value.length === 0) first = await made.next()
    const all = withRoom(answer, startingWith(first, made))
    const sent = wantsGzip(ctx) ? gzipped(ctx, all) : all
    ctx.respond = false
    answer.unread.begin()
    for await (const chunk of sent as AsyncIterable<Uint8Array>) {
      if (isClosed(res)) break
      if (chunk.length > 0 && !res.write(chunk)) await answer.drained()
    }
    res.end()
  } catch (error) {
    abortResponse(ctx, error)
  } finally {
    answer.end()
    await made.return()
  }
}

/** Leaves out empty chunks, and waits for room where there are some. */
async function* withRoom(
  { unread }: LongAnswer,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    if (chunk.length === 0) await unread.room()
    else yield chunk
  }
}

async function* startingWith<T>(
  first: IteratorResult<T, void>,
  rest: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  if (first.done !== true) yield first.value
  yield* rest
}

/**
 * Sets the ETag and says whether the client has it already; then the answer is 304 and complete.
 * A client's list of ETags counts; `*` does not (CouchDB: couch_httpd:etag_match/2).
 */
export function notModified(ctx: HttpContext, tag: string): boolean {
  const etag = quotedEtag(tag)
  ctx.set('ETag', etag)
  const known = ctx.get('If-None-Match')
  if (known === '') return false
  const matches = known.split(',').some(entry => entry.trim().replace(/^W\//, '') === etag)
  if (matches) {
    ctx.respond = false
    // CouchDB says so; koa would leave it out.
    ctx.res.writeHead(304, { 'Content-Length': 0 }).end()
  }
  return matches
}
