/** A job's states, in CouchDB's words (`_scheduler/docs`). */
export type JobState = 'initializing' | 'error' | 'running' | 'pending' | 'crashing' | 'completed' | 'failed'

export const JOB_STATES: readonly JobState[] = [
  'initializing',
  'error',
  'running',
  'pending',
  'crashing',
  'completed',
  'failed',
]

/** Counts states; each state has an entry, also where its count is 0. */
export function countStates(states: Iterable<JobState>): Record<JobState, number> {
  const counts = Object.fromEntries(JOB_STATES.map(state => [state, 0])) as Record<JobState, number>
  for (const state of states) counts[state] += 1
  return counts
}

/** An event of a job. */
export type JobEvent =
  /** Its replication id is known. */
  | 'identified'
  /** Its filter could not be fetched, so that its id is not known yet. */
  | 'unidentified'
  /** It can never run. */
  | 'rejected'
  | 'started'
  | 'stopped'
  | 'crashed'
  /** It crashed, and nobody wants it to be tried again. */
  | 'abandoned'
  | 'finished'

/** Next state for each event; missing entries cannot happen. */
const TRANSITIONS: Readonly<Record<JobState, Readonly<Partial<Record<JobEvent, JobState>>>>> = {
  initializing: { identified: 'pending', unidentified: 'error', rejected: 'failed' },
  error: { identified: 'pending', unidentified: 'error', rejected: 'failed' },
  pending: { started: 'running', stopped: 'pending' },
  running: { stopped: 'pending', crashed: 'crashing', finished: 'completed' },
  crashing: { started: 'running', stopped: 'crashing', abandoned: 'failed' },
  completed: {},
  failed: {},
}

/**
 * The state after an event.
 *
 * @throws Error when the event cannot happen in that state
 */
export function nextState(state: JobState, event: JobEvent): JobState {
  const next = TRANSITIONS[state][event]
  if (next === undefined) throw new Error(`a job that is ${state} cannot be ${event}`)
  return next
}
