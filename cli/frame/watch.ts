import { setTimeout as sleep } from 'node:timers/promises'
import { usageError } from './command-error.ts'
import type { Context } from './context.ts'
import { OK } from './exit-codes.ts'
import { localTime } from './format.ts'

const DEFAULT_SECONDS = 2
const HOME = '\u001B[H'
const CLEAR_TO_END = '\u001B[J'
const CLEAR_TO_LINE_END = '\u001B[K'
const CLEAR_SCREEN = '\u001B[2J'

/**
 * Shows a value again and again until Ctrl-C: redrawn in place on a terminal, one block under the other in a pipe, one
 * line of JSON each with `--json`.
 *
 * @param seconds between two looks, as it was typed; true where only the option was
 */
export async function watch<T>(
  context: Context,
  seconds: string | true,
  read: () => Promise<T>,
  render: (value: T) => string,
): Promise<number> {
  const everyMs = 1000 * secondsOf(seconds)
  const isTerminal = context.io.stdout.isTTY === true && !context.json
  if (isTerminal) context.io.stdout.write(CLEAR_SCREEN)
  while (!context.signal.aborted) {
    const value = await read()
    if (context.json) await context.line(JSON.stringify(value))
    else if (isTerminal) context.io.stdout.write(HOME + redrawn(`${heading(everyMs)}${render(value)}`))
    else await context.line(`${localTime(new Date())}\n${render(value)}`)
    await pause(everyMs, context.signal)
  }
  return OK
}

/** Waits, or until the signal is aborted; keeps the process meanwhile. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

function heading(everyMs: number): string {
  return `${localTime(new Date())}   every ${everyMs / 1000} s, Ctrl-C ends\n\n`
}

function redrawn(text: string): string {
  return text.replaceAll('\n', `${CLEAR_TO_LINE_END}\n`) + CLEAR_TO_END
}

function secondsOf(text: string | true): number {
  if (text === true) return DEFAULT_SECONDS
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 86_400))
    throw usageError(`The time between two looks is a number of seconds, not "${text}".`)
  return seconds
}
