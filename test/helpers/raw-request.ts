import { connect } from 'node:net'

/** Sends bytes as they are, and answers the status of what comes back; 0 where the connection ends without an answer. */
export function rawStatus(port: number, bytes: string | Buffer, timeoutMs = 20_000): Promise<number> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    const finish = () => {
      socket.destroy()
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0))
    }
    socket.setTimeout(timeoutMs, finish)
    socket.on('error', finish)
    socket.on('close', finish)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (answer.includes('\r\n\r\n')) finish()
    })
    socket.write(bytes)
  })
}
