/** Pace at which a long answer is read by its client. */
export interface ReadPace {
  /** False while others wait for their turn to read, so that those who wait hold no more than they must. */
  readonly mayReadAhead: boolean
  /** Called when the client has taken nothing for a moment: lets go of what was read and not given. */
  onStall: (() => void) | undefined
}

/** Pace of a reader that nobody waits for. */
export const UNHURRIED: ReadPace = { mayReadAhead: true, onStall: undefined }
