import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Path at which ava keeps the test files that failed in its last run. */
const FAILED = 'node_modules/.cache/ava/failing-tests.json'
/** More failing files than this are a fault of the code, not of the moment. */
const MAX_FILES = 3
/** Ava's summary of what it does not count as failed tests: after these nothing is run again. */
const UNEXPLAINED = /uncaught exception|unhandled rejection|pending|exited|timed out|no tests found/i

interface Run {
  readonly passed: boolean
  readonly summary: string
}

/** Runs ava with its output shown, and returns how it ended and its last lines. */
async function ava(args: readonly string[]): Promise<Run> {
  const env = { ...process.env, AVA_FORCE_CI: 'not-ci' }
  const child = spawn('npx', ['ava', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  let summary = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    summary = (summary + text).slice(-400)
  })
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { passed: code === 0, summary }
}

function failedFiles(): string[] {
  return JSON.parse(readFileSync(FAILED, 'utf8')) as string[]
}

/**
 * Runs ava with the arguments given. Files with failing tests are run once more, alone: many tests start servers, sandboxes and browsers,
 * and a crowded machine must not look like a broken program. What passes only then is named as unsteady at the end.
 */
async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const first = await ava(args)
  if (first.passed) return 0
  const files = failedFiles()
  if (files.length === 0 || files.length > MAX_FILES || UNEXPLAINED.test(first.summary)) return 1
  console.log(`\nOnce more, alone: ${files.join(', ')}`)
  const second = await ava([
    ...args.filter(arg => arg.startsWith('--')),
    '--serial',
    '--concurrency=1',
    ...files,
  ])
  if (second.passed) console.log(`UNSTEADY: passed only when run alone: ${files.join(', ')}`)
  return second.passed ? 0 : 1
}

process.exitCode = await main()
