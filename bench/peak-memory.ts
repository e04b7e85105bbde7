import { readFile, writeFile } from 'node:fs/promises'

/** The most memory that a process had resident since the last call, in megabytes (Linux). */
export async function peakMemory({ pid }: { readonly pid: number }): Promise<number> {
  const most = await readKilobytes(pid, 'VmHWM')
  await writeFile(`/proc/${pid}/clear_refs`, '5')
  return megabytes(most)
}

const SAMPLE_MS = 20

/**
 * The most memory that a process has while some work is done, without the pages of files that are mapped, in megabytes
 * (Linux): those are the system's, which takes them back when it needs them.
 */
export async function ownMemoryDuring(
  { pid }: { readonly pid: number },
  work: () => Promise<void>,
): Promise<number> {
  let most = 0
  let isDone = false
  const done = work().finally(() => (isDone = true))
  while (!isDone) {
    most = Math.max(most, await readKilobytes(pid, 'RssAnon'))
    await new Promise(resolve => setTimeout(resolve, SAMPLE_MS))
  }
  await done
  return megabytes(most)
}

/** The memory that a process has now, without the pages of files that are mapped, in megabytes (Linux). */
export async function ownMemory({ pid }: { readonly pid: number }): Promise<number> {
  return megabytes(await readKilobytes(pid, 'RssAnon'))
}

async function readKilobytes(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1])
}

function megabytes(kilobytes: number): number {
  return Math.round((kilobytes * 1024) / 1e6)
}
