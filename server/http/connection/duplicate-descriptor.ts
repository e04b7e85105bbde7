import { spawn } from 'node:child_process'

/** Sends the socket under descriptor 4 back as often as is asked for, without listening on it or reading from it. */
const SEND_BACK = `
const { Socket } = require('node:net')
const socket = new Socket({ fd: 4, readable: false, writable: false, manualStart: true })
for (let n = 0; n < Number(process.argv[1]); n++) process.send('socket', socket._handle, { keepOpen: true })
process.once('disconnect', () => process.exit())
`

/** Longest time for that process to start and to send. */
const MAX_MS = 60_000

/** A listening socket that belongs to one thread: `Server#listen` takes it, and closes it with the server. */
export interface OwnedSocket {
  /** Its descriptor. */
  readonly fd: number
  close(): void
}

/** Duplicates a listening socket for this thread, see `duplicateDescriptors`. */
export async function duplicateDescriptor(descriptor: number): Promise<OwnedSocket> {
  const [socket] = await duplicateDescriptors(descriptor, 1)
  return socket!
}

/**
 * Duplicates a listening socket for this thread. A descriptor number that two threads own is closed twice, and the second
 * time it may be another file's; Node.js has no `dup`. A process that inherits the descriptor and sends it back gives this
 * thread some of its own. While nobody listens on one, it only keeps the address.
 *
 * @param signal ends that process; those that have come are closed
 */
export async function duplicateDescriptors(
  descriptor: number,
  copies: number,
  signal?: AbortSignal,
): Promise<OwnedSocket[]> {
  const child = spawn(process.execPath, ['-e', SEND_BACK, String(copies)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', descriptor],
    env: {},
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_MS)
  const stop = (): void => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop)
  const sockets: OwnedSocket[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.on('message', (_message, handle) => {
        sockets.push(handle as unknown as OwnedSocket)
        if (sockets.length < copies) return
        resolve()
        // It stays until now: what an ended process has sent may be lost.
        child.disconnect()
      })
      child.once('exit', code =>
        reject(new Error(`the listening socket was not passed on (exit code ${code})`)),
      )
    })
    signal?.throwIfAborted()
    return sockets
  } catch (error) {
    for (const socket of sockets) socket.close()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
