import { createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from 'pino'
import { syncDirectory } from '../../storage/sync-directory.ts'
import type { EqualSettings } from '../entry/change.ts'
import { askNode, callNode, NODE_PATHS, type SnapshotOffer } from '../nodes/node-client.ts'
import type { ClusterSignature } from '../nodes/signature.ts'
import { isOfSnapshot } from './snapshots.ts'

const PARTIAL = 'snapshot-in-progress'
const FILES_AT_A_TIME = 4
const ASK_TIMEOUT_MS = 60_000
/** A node that sends nothing for so long is given up. */
const IDLE_TIMEOUT_MS = 60_000

export interface SnapshotTarget {
  readonly signature: ClusterSignature
  /** Name of this node. */
  readonly node: string
  /** The data directory. */
  readonly data: string
  readonly log: Logger
}

/** Returns whether a data directory has databases. */
export async function hasStore(data: string): Promise<boolean> {
  return access(join(data, 'store')).then(
    () => true,
    () => false,
  )
}

/**
 * Copies the databases of another node into a data directory that has none. They have their name when they are whole and on
 * disk, so that a copy that was cut off begins again.
 *
 * @param useSettings takes over the settings that were equal on all nodes, before the copy gets its name
 * @throws where the node does not answer, or refuses
 */
export async function takeSnapshot(
  target: SnapshotTarget,
  url: string,
  useSettings: (settings: EqualSettings) => Promise<void>,
): Promise<void> {
  const { signature, node, data, log } = target
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS)
  const offer = await askNode<SnapshotOffer>(signature, url, NODE_PATHS.beginSnapshot, {
    body: { node },
    signal,
  })
  const bytes = offer.files.reduce((sum, { size }) => sum + size, 0)
  log.info({ from: url, files: offer.files.length, bytes }, 'this node begins with a copy of another')
  const started = performance.now()
  const partial = join(data, PARTIAL)
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true, mode: 0o700 })
  await copyFiles(target, url, offer, partial)
  await useSettings(offer.settings)
  await useCopy(data, partial)
  const ms = Math.round(performance.now() - started)
  log.info({ from: url, bytes, ms }, 'the copy is whole')
  await askNode(signature, url, NODE_PATHS.endSnapshot, {
    body: { id: offer.id },
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  }).catch((error: unknown) => log.warn({ err: error }, 'the source has not removed the copy yet'))
}

async function copyFiles(
  target: SnapshotTarget,
  url: string,
  { id, files }: SnapshotOffer,
  to: string,
): Promise<void> {
  const left = [...files]
  const work = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift())
      await copyFile(target, url, { id, ...file }, to)
  }
  const works = Array.from({ length: FILES_AT_A_TIME }, () => work())
  try {
    await Promise.all(works)
  } catch (error) {
    left.length = 0
    await Promise.allSettled(works)
    throw error
  }
}

async function copyFile(
  { signature }: SnapshotTarget,
  url: string,
  file: { readonly id: string; readonly path: string; readonly size: number },
  to: string,
): Promise<void> {
  const { path, size } = file
  if (!isOfSnapshot(path)) throw new Error(`the other node offers a file of another kind: ${path}`)
  const place = join(to, ...path.split('/'))
  await mkdir(dirname(place), { recursive: true, mode: 0o700 })
  const idle = new AbortController()
  const timer = setTimeout(() => idle.abort(new Error('the other node sends nothing')), IDLE_TIMEOUT_MS)
  let received = 0
  try {
    const { signal } = idle
    const answer = await callNode(signature, url, NODE_PATHS.snapshotFile, { body: file, signal })
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel()
      throw new Error(`the other node does not send ${path}: ${answer.status}`)
    }
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const bytes of Readable.fromWeb(answer.body as never) as AsyncIterable<Uint8Array>) {
        timer.refresh()
        received += bytes.length
        yield bytes
      }
    }
    await pipeline(counted, createWriteStream(place, { flags: 'wx', mode: 0o600, flush: true }))
  } finally {
    clearTimeout(timer)
  }
  if (received !== size) throw new Error(`the other node sent ${received} bytes of ${path}, and not ${size}`)
}

/** Gives a whole copy its place; the store's name is the last to come. */
async function useCopy(data: string, partial: string): Promise<void> {
  await mkdir(join(partial, 'attachments'), { recursive: true, mode: 0o700 })
  await rm(join(data, 'attachments'), { recursive: true, force: true })
  for (const name of ['attachments', 'store']) {
    await syncDirectory(join(partial, name))
    await rename(join(partial, name), join(data, name))
    await syncDirectory(data)
  }
  await rm(partial, { recursive: true, force: true })
}
