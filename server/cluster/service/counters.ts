/** Events of a node since its start. */
export class Counters {
  /** Times that this node began to lead. */
  led = 0
  /** Failures to reach the log. */
  unreachable = 0
  /** Requests that were forwarded to the leader, and those of them that had no answer. */
  forwarded = 0
  forwardFailures = 0
  /** Questions for the leader's position. */
  catchUps = 0
}
