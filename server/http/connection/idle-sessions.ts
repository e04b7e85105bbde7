import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'

/**
 * Ends connections of HTTP/2 over which nothing went for a time: those without a request, and those whose client does not
 * answer a ping. Node.js has no such bound, and keeps a connection that it has stopped reading after an error of the client
 * for as long as the client likes.
 */
export function endIdleSessions(server: Http2SecureServer, idleMs: number): void {
  server.on('session', session => {
    let streams = 0
    session.on('stream', stream => {
      streams += 1
      stream.once('close', () => void (streams -= 1))
    })
    session.setTimeout(idleMs, () => {
      if (streams === 0) session.destroy()
      else ping(session, idleMs)
    })
  })
}

function ping(session: ServerHttp2Session, idleMs: number): void {
  const timer = setTimeout(() => session.destroy(), idleMs)
  timer.unref()
  session.once('close', () => clearTimeout(timer))
  const isSent = session.ping(error => {
    clearTimeout(timer)
    // A timeout comes once, and again only after something went over the connection.
    if (error === null) session.setTimeout(idleMs)
  })
  if (!isSent) session.destroy()
}
