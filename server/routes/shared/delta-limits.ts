import type { DeltaLimits } from '../../database/documents/revision-delta.ts'
import type { RequestContext } from '../context.ts'

/** Returns the configured lengths of documents that are sent as deltas. */
export function deltaLimits({ services: { config } }: RequestContext): DeltaLimits {
  return {
    minBytes: config.integer('couchette', 'delta_min_size'),
    maxBytes: config.integer('couchette', 'delta_max_size'),
  }
}
