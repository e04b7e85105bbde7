import { randomBytes } from 'node:crypto'
import { startScript } from '../harness/child-server.ts'
import type { Target } from './target.ts'
import { Transfer } from './transfer.ts'
import type { FileCeiling, Work } from './work.ts'

interface Kind {
  readonly name: '1m' | '64m'
  readonly size: number
  /** Documents of the other works for each file. */
  readonly documentsEach: number
}

const KINDS: readonly Kind[] = [
  { name: '1m', size: 2 ** 20, documentsEach: 500 },
  { name: '64m', size: 2 ** 26, documentsEach: 12_500 },
]

const DIRECTIONS = ['up', 'down'] as const

/** Attachments of 1 and 64 MiB, up and down, four at a time. */
export const attachments: readonly Work[] = KINDS.flatMap(kind =>
  DIRECTIONS.map(direction => ({
    name: `attachments-${kind.name}-${direction}`,
    unit: 'MB/s' as const,
    ceiling: `files ${kind.name} ${direction}` as const,
    wanted: 0.7,
    measure: (target: Target) => measure(target, kind, direction),
  })),
)

async function measure(target: Target, kind: Kind, direction: 'up' | 'down'): Promise<number> {
  const database = await target.database()
  return transfer(target.url, kind, target.documents, direction, number => `/${database}/${number}/file.bin`)
}

/** Megabytes a second of node:http that writes bodies to files and syncs them, and reads them back. */
export async function filesCeiling(
  documents: number,
  wanted: ReadonlySet<string>,
  note: (name: FileCeiling, rate: number) => void,
): Promise<void> {
  const server = await startScript('bench/file-server')
  try {
    for (const kind of KINDS) {
      for (const direction of DIRECTIONS) {
        const name = `files ${kind.name} ${direction}` as const
        if (!wanted.has(name)) continue
        const prefix = randomBytes(6).toString('hex')
        note(name, await transfer(server.url, kind, documents, direction, number => `/${prefix}-${number}`))
      }
    }
  } finally {
    await server.stop()
  }
}

async function transfer(
  url: string,
  { size, documentsEach }: Kind,
  documents: number,
  direction: 'up' | 'down',
  path: (number: number) => string,
): Promise<number> {
  const files = new Transfer(url, { size, count: Math.max(1, Math.round(documents / documentsEach)), path })
  try {
    const up = await files.up()
    return direction === 'up' ? up : await files.down()
  } finally {
    await files.close()
  }
}
