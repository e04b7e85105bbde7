import { spawn } from 'node:child_process'

/** Sends the socket under descriptor 4 back, without listening on it or reading from it. */
const SEND_BACK = `
const { Socket } = require('node:net')
const socket = new Socket({ fd: 4, readable: false, writable: false, manualStart: true })
process.send('socket', socket._handle, { keepOpen: true })
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

/**
 * Duplicates a listening socket for this thread. A descriptor number that two threads own is closed twice, and the second
 * time it may be another file's; Node.js has no `dup`. A process that inherits the descriptor and sends it back gives this
 * thread one of its own. While nobody listens on it, it only keeps the address.
 */
export async function duplicateDescriptor(descriptor: number): Promise<OwnedSocket> {
  const child = spawn(process.execPath, ['-e', SEND_BACK], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', descriptor],
    env: {},
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), MAX_MS)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('message', (_message, handle) => {
        resolve(handle as unknown as OwnedSocket)
        // It stays until now: what an ended process has sent may be lost.
        child.disconnect()
      })
      child.once('exit', code =>
        reject(new Error(`the listening socket was not passed on (exit code ${code})`)),
      )
    })
  } finally {
    clearTimeout(timer)
  }
}
