// Runs the tests that the build compiled: node dist/scripts/run-tests.js [--fast|--engines] [FILE...]
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { killTests } from './kill-tests.ts'

/** More failing files than this are a fault of the code, not of the moment. */
const MAX_FILES = 3
/** How often files that fail are run again. */
const MORE_RUNS = 2
/** No test takes as long; tests that say nothing for this time are stuck. */
const STUCK_AFTER_MS = 6 * 60_000
/** A run that takes longer is ended: a machine that runs it must not wait for ever. */
const MOST_MS = 45 * 60_000
/** Path at which ava keeps the files with tests that failed in its last run. */
const FAILING = 'node_modules/.cache/ava/failing-tests.json'
/** Ava's ways to name a file with a test that failed, or one that ended otherwise than it should, which it does not keep there. */
const FAILED_FILE =
  /(?:Uncaught exception in|Unhandled rejection in|Failed to exit when running|tests were pending in) (\S+)|(\S+\.test\.js) exited /g

interface Run {
  readonly passed: boolean
  /** Compiled files with failures: "dist/test/server/feeds.test.js". */
  readonly failed: readonly string[]
}

/** Runs ava with its output shown. Test files that are stuck are killed, and count as failed. */
async function ava(set: string, args: readonly string[]): Promise<Run> {
  const env = { ...process.env, AVA_FORCE_CI: 'not-ci', TEST_SET: set }
  const command = [
    'node_modules/ava/entrypoints/cli.mjs',
    '--config=ava.dist.config.js',
    '--no-color',
    ...args,
  ]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const began = Date.now()
  const failed = new Set<string>()
  let last = began
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text)
    last = Date.now()
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const [, named, exited] of lines.join('\n').matchAll(FAILED_FILE)) failed.add(named ?? exited ?? '')
  })
  const end = (why: string): void => {
    console.log(`${why} These processes run, and the test files among them are killed:`)
    for (const running of killTests(child.pid ?? 0)) console.log(`  ${running}`)
  }
  const watch = setInterval(() => {
    if (Date.now() - began > MOST_MS) {
      end(`The tests took more than ${MOST_MS / 60_000} minutes.`)
      child.kill('SIGKILL')
    } else if (Date.now() - last > STUCK_AFTER_MS) {
      end(`No test has ended for ${STUCK_AFTER_MS / 60_000} minutes.`)
      last = Date.now()
    }
  }, 5_000)
  // Not "close": a process that a test left behind may hold the pipe open.
  const code = await new Promise<number | null>(resolve => child.on('exit', resolve))
  clearInterval(watch)
  const passed = code === 0
  return {
    passed,
    failed: passed ? [] : [...new Set([...failed, ...failingFiles()].map(file => relative('', file)))],
  }
}

function failingFiles(): string[] {
  try {
    return JSON.parse(readFileSync(FAILING, 'utf8')) as string[]
  } catch {
    return []
  }
}

/**
 * Runs a set of tests, or files of it. Up to {@link MAX_FILES} files that fail are run again, alone: many tests start servers, sandboxes
 * and browsers, and a crowded machine must not look like a broken program. What passes only then is named as unsteady at the end.
 */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fast: { type: 'boolean' }, engines: { type: 'boolean' } },
  })
  const set = values.engines ? 'engines' : values.fast ? 'fast' : 'all'
  const first = await ava(set, positionals)
  if (first.passed) return 0
  if (first.failed.length === 0 || first.failed.length > MAX_FILES) return 1
  let { failed } = first
  for (let run = 0; run < MORE_RUNS && failed.length > 0; run++) {
    console.log(`\nOnce more, alone: ${failed.join(', ')}`)
    const again = await ava(set, ['--serial', '--concurrency=1', ...failed])
    if (!again.passed) failed = again.failed
    else {
      console.log(`UNSTEADY: passed only when run alone: ${first.failed.join(', ')}`)
      return 0
    }
  }
  return 1
}

process.exit(await main())
