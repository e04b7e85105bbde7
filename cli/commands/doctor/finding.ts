/** Outcome of one look at a server. */
export interface DoctorFinding {
  readonly state: 'ok' | 'warning' | 'error' | 'unknown'
  /** Part that was looked at: "disk". */
  readonly subject: string
  /** Sentence that says what was found, and what to do about it. */
  readonly text: string
}

export function finding(state: DoctorFinding['state'], subject: string, text: string): DoctorFinding {
  return { state, subject, text }
}
