import type { Readable } from 'node:stream'
import { fail } from '../../protocol/errors.ts'

/**
 * The bytes of a request as they come, at the reader's pace. A client that sends none for a while is given up, so that
 * it holds nothing for ever. A reader that stops early leaves the connection as it is, to be answered.
 *
 * @throws `upload_stalled`, and an error when the client goes away
 */
export async function* uploadedBytes(source: Readable, idleMs: number): AsyncGenerator<Buffer> {
  const iterator = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>
  let giveUp: (error: Error) => void = () => undefined
  const stalled = new Promise<never>((_resolve, reject) => (giveUp = reject))
  stalled.catch(() => undefined)
  const timer = setTimeout(() => giveUp(fail('uploadStalled')), idleMs)
  try {
    for (;;) {
      timer.refresh()
      const next = await Promise.race([iterator.next(), stalled])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    clearTimeout(timer)
  }
}
