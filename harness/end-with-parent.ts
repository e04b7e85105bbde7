import { isMainThread } from 'node:worker_threads'

/** Name of the variable that has the process id of the parent, so that no process of the child's is meant. */
const PARENT = 'END_WITH_PARENT'

/**
 * Loaded into a server before its own code: ends it when its parent is gone, whatever ended that, as its standard input
 * ends then. A server that outlived its test would keep its data, its port and its share of the machine.
 */
if (isMainThread && process.env[PARENT] === String(process.ppid)) {
  process.stdin.on('error', end).on('end', end).resume()
  // It keeps no process up that has nothing else to do.
  if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref()
}

function end(): void {
  process.kill(process.pid, 'SIGKILL')
}
