import { duration } from '../../frame/format.ts'
import { finding } from './finding.ts'
import type { DoctorFinding } from './finding.ts'

const TOLERATED_MS = 2000
const WRONG_MS = 60_000

/**
 * Judges the clock of a server by the `Date` of its answer, which has whole seconds.
 *
 * @param asked when the request was sent, in milliseconds since 1970 by this machine's clock
 * @param answered when its answer came
 */
export function judgeClock(
  subject: string,
  date: string | undefined,
  asked: number,
  answered: number,
): DoctorFinding {
  const theirs = Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return finding('unknown', subject, 'the server does not tell the time.')
  // It answered at some moment between the two, within the second that it names.
  const behind = asked - (theirs + 1000)
  const ahead = theirs - answered
  const off = Math.max(0, behind, ahead)
  if (off < TOLERATED_MS) return finding('ok', subject, `its clock agrees with this machine's.`)
  const text = `its clock is ${duration(off)} ${behind > 0 ? 'behind' : 'ahead of'} this machine's`
  return finding(
    off > WRONG_MS ? 'error' : 'warning',
    subject,
    `${text}: sessions, tokens and certificates depend on it (NTP).`,
  )
}
