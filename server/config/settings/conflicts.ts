import type { Setting } from '../setting.ts'

/** Resolution of conflicts, and how much of it is logged. */
export const CONFLICT_SETTINGS = {
  conflicts: {
    resolve: {
      kind: 'boolean',
      default: true,
      about: 'This node resolves conflicts by the policies of design documents',
    },
    max_resolutions: {
      kind: 'integer',
      default: 20,
      min: 1,
      about:
        'Resolutions of one document within an hour, after which its policy is stopped for it and this is reported',
    },
    log_size: {
      kind: 'integer',
      default: 500,
      min: 0,
      max: 100_000,
      about: 'Latest resolutions of a database that `_conflicts/log` keeps, over restarts; 0 for none',
    },
    max_trees: {
      kind: 'integer',
      default: 1000,
      min: 1,
      about: 'Largest `limit` of `_trees`',
    },
  },
  compare: {
    batch_size: {
      kind: 'integer',
      default: 1000,
      min: 1,
      about: 'Documents that `_compare` asks the other side for at a time',
    },
    max_running_verifications: {
      kind: 'integer',
      default: 2,
      min: 1,
      about: 'Comparisons by jobs with `verify` at a time; others wait',
      restart: true,
    },
    max_tracked_differences: {
      kind: 'integer',
      default: 10_000,
      min: 1,
      about:
        'Differing documents that a job with `verify` remembers one by one; others are counted as in flight',
    },
    parts: {
      kind: 'integer',
      default: 32,
      min: 2,
      max: 1000,
      about: 'Parts into which `_compare` cuts a range of ids whose digests differ',
    },
    listed: {
      kind: 'integer',
      default: 2000,
      min: 1,
      max: 10_000,
      about: 'Documents that a range of ids whose digests differ may have to be listed; a larger one is cut',
    },
    max_parts: {
      kind: 'integer',
      default: 1000,
      min: 1,
      about: 'Largest number of ranges of one `_digests`',
    },
    max_listed: {
      kind: 'integer',
      default: 10_000,
      min: 1,
      about: 'Largest `limit` of `list` in `_digests`',
    },
    progress_interval: {
      kind: 'integer',
      default: 1000,
      min: 0,
      unit: 'milliseconds',
      about: 'Time between two lines of `_compare` that tell how far it is',
    },
    max_listing_size: {
      kind: 'integer',
      default: 4_294_967_296,
      min: 0,
      unit: 'bytes',
      about: 'Most room on the disk for the ids and revisions of one side of `_compare`; 0 for no bound',
    },
    content_batch: {
      kind: 'integer',
      default: 100,
      min: 1,
      about: 'Documents whose bodies `_compare` reads at a time with `bodies`',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
