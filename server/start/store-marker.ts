import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../protocol/file-errors.ts'
import type { StoreLog } from '../storage/durable/disk.ts'
import { writePrivateFile } from '../storage/private-file.ts'

/** File beside the store that says that a store was made here. */
const MARKER = 'STORE_MADE'

const TEXT =
  'A store was made in this directory. A server does not begin with an empty one while this file is here.\n'

/**
 * Returns a sentence where a directory had a store that is not there now, as where its volume is not mounted: an empty
 * store in its place would look like a server that lost all of its databases. Undefined where nothing is missing.
 *
 * @param data the data directory
 */
export async function missingStore(data: string): Promise<string | undefined> {
  const [store, marker] = [join(data, 'store'), join(data, MARKER)]
  if (!(await isThere(marker)) || !(await isEmpty(store))) return undefined
  return `The store in ${store} is missing, though ${marker} says that one was made there.`
}

/** Notes durably that there is a store now; a disk that takes no file is no reason not to serve it. */
export async function markStore(data: string, log: StoreLog): Promise<void> {
  const marker = join(data, MARKER)
  if (await isThere(marker)) return
  await writePrivateFile(marker, TEXT).catch((error: unknown) =>
    log.warn(`${marker} cannot be written: ${error instanceof Error ? error.message : String(error)}`),
  )
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function isEmpty(directory: string): Promise<boolean> {
  try {
    // The directory for files found at a volume's top after a check is no store.
    return (await readdir(directory)).every(name => name === 'lost+found')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true
    throw error
  }
}
