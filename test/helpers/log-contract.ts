import type { ExecutionContext } from 'ava'
import {
  type Appended,
  LogSetBackError,
  LogTrimmedError,
  type ReplicatedLog,
} from '../../server/cluster/log/contract.ts'
import { appendSettled } from '../../server/cluster/log/settle.ts'

/** An engine with one empty log. */
export interface LogEngine {
  connect(): ReplicatedLog
  close(): Promise<void>
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (value: Uint8Array): string => Buffer.from(value).toString()
export const forever: AbortSignal = new AbortController().signal

/** Reads the text of all entries from a position on. @throws where there is a hole */
export async function readAll(log: ReplicatedLog, from = 1): Promise<string[]> {
  const all: string[] = []
  for (let at = from; ; at = from + all.length) {
    const entries = await log.read(at)
    if (entries.length === 0) return all
    for (const entry of entries) {
      if (entry.position !== from + all.length) throw new Error(`a hole before ${entry.position}`)
      all.push(text(entry.bytes))
    }
  }
}

/** Loses the answers of every third append, half of them before the entry was sent. */
export function forgetful(log: ReplicatedLog): ReplicatedLog {
  let count = 0
  const append = async (expected: number, entry: Uint8Array): Promise<Appended> => {
    count += 1
    const lost: Appended = { kind: 'unknown', cause: new Error('lost') }
    if (count % 6 === 0) return lost
    const appended = await log.append(expected, entry)
    return count % 3 === 0 ? lost : appended
  }
  return {
    append,
    get acknowledged() {
      return log.acknowledged
    },
    read: from => log.read(from),
    get maxEntryBytes() {
      return log.maxEntryBytes
    },
    changed: signal => log.changed(signal),
    first: () => log.first(),
    trim: below => log.trim(below),
    close: () => log.close(),
  }
}

/** Appends until it has so many entries in the log; after each conflict it reads on first. */
export async function contend(log: ReplicatedLog, name: string, count: number): Promise<string[]> {
  const mine: string[] = []
  let last = 0
  let [barriers, attempts] = [0, 0]
  const barrier = (): Uint8Array => bytes(`barrier ${name} ${(barriers += 1)}`)
  while (mine.length < count) {
    // A refused entry may be in the log, where its answer was lost: it is not sent again.
    const entry = `${name} ${(attempts += 1)}`
    const settled = await appendSettled(log, last, bytes(entry), { barrier, signal: forever, retryMs: 1 })
    if (settled.kind === 'appended') {
      mine.push(entry)
      last = settled.position
    } else last += (await readAll(log, last + 1)).length
  }
  return mine
}

/** The contract of a replicated log, which is empty: all that a cluster relies on. */
export async function keepsContract(t: ExecutionContext, engine: LogEngine): Promise<void> {
  const [a, b] = [engine.connect(), engine.connect()]
  t.deepEqual(await a.read(1), [])
  t.is(await a.first(), undefined)
  t.deepEqual(await a.append(1, bytes('hole')), { kind: 'conflict' })
  t.deepEqual(await a.append(0, bytes('one')), { kind: 'appended', position: 1 })
  t.is(a.acknowledged, 1)
  t.deepEqual(await b.append(0, bytes('other')), { kind: 'conflict' })
  t.deepEqual(await b.append(1, bytes('two')), { kind: 'appended', position: 2 })
  t.deepEqual(await a.append(7, bytes('hole')), { kind: 'conflict' })
  t.deepEqual(await readAll(a), ['one', 'two'])
  while (a.acknowledged < 2) await a.changed(forever)
  t.deepEqual(await a.read(3), [])
  await t.throwsAsync(b.read(9), { instanceOf: LogSetBackError }, 'the log ends before what a node had')

  const appended = await Promise.all(
    ['x', 'y', 'z'].map(name => contend(forgetful(engine.connect()), name, 12)),
  )
  const all = await readAll(a)
  for (const [index, mine] of appended.entries()) {
    const kept = all.filter(entry => entry.startsWith(`${'xyz'[index]} `) && mine.includes(entry))
    t.deepEqual(kept, mine, 'each acknowledged entry is there once, in order')
  }

  t.is(new Set(all).size, all.length, 'nothing is there twice')

  const large = Buffer.alloc(a.maxEntryBytes, 7)
  t.is((await a.append(all.length, large)).kind, 'appended')
  const [found] = await b.read(all.length + 1)
  t.is(Buffer.compare(found!.bytes, large), 0, 'the largest entry comes back')
  all.push(text(large))

  t.is(text((await a.first())!.bytes), 'one')
  await a.trim(3)
  const first = (await b.first())!
  t.deepEqual([first.position, text(first.bytes)], [3, text((await b.read(3))[0]!.bytes)])
  await t.throwsAsync(a.read(1), { instanceOf: LogTrimmedError })
  t.is((await readAll(a, 3)).join(), all.slice(2).join())
  await a.trim(all.length + 100)
  t.is((await readAll(b, all.length)).join(), all.at(-1)!, 'the last entry stays')
  t.is((await a.append(all.length, bytes('next'))).kind, 'appended')
  await a.close()
  await a.close()
  await b.close()
}
