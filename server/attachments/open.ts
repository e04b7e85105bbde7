import type { Config } from '../config/config.ts'
import { fileError } from '../config/start-error.ts'
import type { Store } from '../storage/store.ts'
import { Attachments } from './attachments.ts'
import { compressibleTypes } from './compressible.ts'

/**
 * Opens the attachment store as the configuration has it, which may change while it is open.
 *
 * @param isShared true for a node of a cluster
 */
export function openAttachments(
  store: Store,
  directory: string | undefined,
  config: Config,
  isShared = false,
): Promise<Attachments> {
  let types: readonly string[] = []
  let isCompressible = compressibleTypes(types)
  const compressionLevel = (contentType: string): number | undefined => {
    const level = config.integer('attachments', 'compression_level')
    if (level < 1) return undefined
    const configured = config.list('attachments', 'compressible_types')
    if (configured !== types) isCompressible = compressibleTypes((types = configured))
    return isCompressible(contentType) ? Math.min(level, 9) : undefined
  }
  return Attachments.open({
    store,
    directory,
    compressionLevel,
    isShared,
    maxSize: () => config.integer('couchdb', 'max_attachment_size'),
  }).catch((error: unknown) => {
    throw directory === undefined ? error : fileError(error, 'The directory of attachments', directory)
  })
}
