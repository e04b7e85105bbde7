import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { usageError } from './command-error.ts'
import type { Io } from './io.ts'

/**
 * Reads a secret that must not stand on the command line: the whole of standard input with `--…-stdin`, else what is
 * typed, unseen, on a terminal.
 *
 * @param option the option that reads standard input, as its name is typed
 * @throws {CommandError} where there is neither
 */
export async function readSecret(io: Io, what: string, option: string, fromStdin: boolean): Promise<string> {
  const secret = fromStdin ? (await text(io.stdin)).replace(/\r?\n$/, '') : await ask(io, what, option)
  if (secret === '' || /[\r\n]/.test(secret)) throw usageError(`The ${what} is one line, which is not empty.`)
  return secret
}

async function ask(io: Io, what: string, option: string): Promise<string> {
  if (io.stdin.isTTY !== true) throw usageError(`${option} reads the ${what} from standard input.`)
  io.stderr.write(`${what.charAt(0).toUpperCase()}${what.slice(1)}: `)
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: io.stdin, output: unseen, terminal: true })
  try {
    return await lines.question('', { signal: io.signal })
  } finally {
    lines.close()
    io.stderr.write('\n')
  }
}

/**
 * Asks a question that is answered by yes or no on a terminal; anything but yes is no.
 *
 * @param option the option that answers yes beforehand, as it is typed
 * @throws {CommandError} where nobody can be asked
 */
export async function confirm(io: Io, question: string, option: string): Promise<boolean> {
  if (io.stdin.isTTY !== true) throw usageError(`${question} Nobody can be asked here: say ${option}.`)
  const lines = createInterface({ input: io.stdin, output: io.stderr })
  try {
    return /^\s*y(es)?\s*$/i.test(await lines.question(`${question} [y/N] `, { signal: io.signal }))
  } finally {
    lines.close()
  }
}
