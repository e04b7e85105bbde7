/** Outcome of one look at a server. */
export interface DoctorFinding {
  readonly state: 'ok' | 'warning' | 'error' | 'unknown'
  /** What was looked at: "disk". */
  readonly subject: string
  /** What was found, and what to do where that is something. */
  readonly text: string
}

export function finding(state: DoctorFinding['state'], subject: string, text: string): DoctorFinding {
  return { state, subject, text }
}
