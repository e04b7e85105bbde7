import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * Passes the body of a request on as fast as it is taken, until the answer has ended. What is left then is read and dropped, so that
 * the client's connection can be used again: after the end of an answer Node.js tells no more when a request that is still being
 * sent takes more (`_http_client.js` removes its listener for `drain`), so that it would wait for ever.
 */
export function passBody(req: IncomingMessage, upstream: ClientRequest): void {
  req.pipe(upstream)
  upstream.once('response', answer =>
    answer.once('end', () => {
      if (upstream.writableFinished) return
      req.unpipe(upstream)
      req.resume()
      upstream.destroy()
    }),
  )
}
