import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNode } from '../harness/child-server.ts'

/** Measures a node that is started on a temporary directory, and is gone afterwards. */
export async function onOwnNode(measure: (url: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'couchette-bench-'))
  const node = await startNode(dir)
  try {
    await measure(node.url)
  } finally {
    await node.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
