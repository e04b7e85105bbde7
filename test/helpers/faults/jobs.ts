import { eventually } from '../eventually.ts'
import { call } from '../http.ts'

/** Settings with which jobs notice, and recover from, faults within a test's patience. */
export const IMPATIENT = [
  { section: 'replicator', key: 'crash_backoff', value: '200' },
  { section: 'replicator', key: 'connection_timeout', value: '1500' },
  { section: 'replicator', key: 'checkpoint_interval', value: '300' },
]

/** A job as `_scheduler/docs` shows it. */
export interface JobState {
  readonly state: string
  readonly error_count: number
  readonly info: { readonly error?: string; readonly checkpointed_source_seq?: string } | null
}

/** Two jobs on the first node that keep the same database on both nodes the same, under way when it resolves. */
export async function replicateBothWays(near: string, far: string, database: string): Promise<void> {
  for (const node of [near, far]) await call(node, 'PUT', `/${database}`)
  await startJob(near, 'pull', { source: `${far}/${database}`, target: `${near}/${database}` })
  await startJob(near, 'push', { source: `${near}/${database}`, target: `${far}/${database}` })
}

/** Starts a continuous job by a document of that id. */
export async function startJob(node: string, id: string, job: object): Promise<void> {
  const { status, body } = await call(node, 'PUT', `/_replicator/${id}`, {
    json: { continuous: true, ...job },
  })
  if (status !== 201) throw new Error(`_replicator/${id}: ${JSON.stringify(body)}`)
}

export async function jobState(node: string, id: string): Promise<JobState> {
  return (await call<JobState>(node, 'GET', `/_scheduler/docs/_replicator/${id}`)).body
}

/** Waits until the job's source checkpoint is as far as the source is now. */
export async function untilCheckpointed(node: string, id: string, source: string): Promise<void> {
  const { pathname } = new URL(source)
  const { body } = await call(source, 'GET', pathname)
  await eventually(`${id} has a checkpoint of all its source has`, async () => {
    return (await jobState(node, id)).info?.checkpointed_source_seq === body.update_seq
  })
}
