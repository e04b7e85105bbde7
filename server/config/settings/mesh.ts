import type { Setting } from '../setting.ts'

/** Settings of `[mesh]`: independent nodes that replicate, see docs/mesh.md. */
export const MESH_SETTINGS = {
  mesh: {
    token_lifetime: {
      kind: 'integer',
      default: 60,
      unit: 'seconds',
      min: 1,
      max: 3600,
      about: 'Time for which a token of one request between members is valid',
    },
    clock_tolerance: {
      kind: 'integer',
      default: 30,
      unit: 'seconds',
      min: 0,
      about: 'Difference of the clocks of two members that is allowed for',
    },
    join_timeout: {
      kind: 'integer',
      default: 30_000,
      unit: 'milliseconds',
      min: 1,
      about: 'Time that a node which joins waits for the member that it joins by: its invitation is used up',
    },
    quorum_timeout: {
      kind: 'integer',
      default: 5000,
      unit: 'milliseconds',
      min: 1,
      about: 'Time that a write with `w`, or a read with `r`, waits for other members',
    },
    answer_timeout: {
      kind: 'integer',
      default: 3000,
      unit: 'milliseconds',
      min: 1,
      about: 'Time after which a member that was asked something counts as not answering',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
