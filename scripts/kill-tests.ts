import { readdirSync, readFileSync } from 'node:fs'

/** A process as Linux lists it. */
interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  /** "R" runs, "S" sleeps, "D" waits for a disk, "T" is stopped, "Z" has ended. */
  readonly state: string
  readonly command: string
}

/** Processes of the machine; none where the system has no `/proc`. */
function processes(): ProcessInfo[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => processInfo(Number(name)) ?? [])
  } catch {
    return []
  }
}

function processInfo(pid: number): ProcessInfo | undefined {
  try {
    // The name of the program stands in brackets and may hold anything.
    const [state = '?', parent = '0'] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').slice(0, 200)
    return { pid, parent: Number(parent), state, command }
  } catch {
    // It ended meanwhile.
    return undefined
  }
}

/** Returns the processes that a process started, with theirs. */
function descendants(of: number, among: readonly ProcessInfo[]): ProcessInfo[] {
  const children = among.filter(({ parent }) => parent === of)
  return children.flatMap(child => [child, ...descendants(child.pid, among)])
}

/**
 * Kills the test files that run at present, with all that they started; ava goes on with the next ones and names those that ended so.
 *
 * @param ava the process that runs the test files
 * @returns what was running, for the report
 */
export function killTests(ava: number): string[] {
  const all = processes()
  const running = descendants(ava, all)
  const workers = running.filter(({ command }) => command.includes('ava/lib/worker/'))
  for (const worker of workers) {
    for (const { pid } of [...descendants(worker.pid, all), worker]) kill(pid)
  }
  return running.map(({ pid, parent, state, command }) => `${pid} (of ${parent}) ${state} ${command}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
