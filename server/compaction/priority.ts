import type { ChannelSettings } from './channel-settings.ts'

/** Bytes on disk (`file`), and those of them that are in use (`active`). */
export interface CompactionSizes {
  readonly file: number
  readonly active: number
}

/**
 * Returns how much something needs to be compacted by a channel's rule (CouchDB: `smoosh_server:get_priority/4`), 0 for
 * not at all. Nothing here needs an upgrade.
 */
export function compactionPriority(settings: ChannelSettings, { file, active }: CompactionSizes): number {
  const { priority, minPriority, maxPriority, minBytes, maxBytes } = settings
  if (priority === 'upgrade' || file <= minBytes || file > maxBytes) return 0
  if (active === 0) return minPriority
  const value = priority === 'ratio' ? file / active : file - active
  return value <= minPriority || value > maxPriority ? 0 : value
}
