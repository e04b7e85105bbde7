/** Numbers, sizes and times as people read them. Times are in the reader's zone. */

const INTEGER = new Intl.NumberFormat('en')
const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** "1,234,567" */
export function formatCount(count: number): string {
  return INTEGER.format(count)
}

/** "3 documents", "1 document" */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB']

/** "17 bytes", "4.2 MB", in powers of 1,000 */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}

/** "12 ms", "4.2 s", "3 min 5 s", "2 h 4 min", "5 d 3 h" */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds < 10 ? trimmed(milliseconds) : Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds < 10 ? trimmed(seconds) : Math.round(seconds)} s`
  const whole = Math.floor(seconds)
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86_400) return pair(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min')
  return pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h')
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}

function pair(first: number, unit: string, second: number, lower: string): string {
  return second === 0 ? `${first} ${unit}` : `${first} ${unit} ${second} ${lower}`
}

/** "28 Nov 2026, 14:03:12" in the reader's language and zone */
export function formatTime(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : DATE_TIME.format(time)
}

/** "14:03:12" in the reader's zone */
export function formatClock(time: Date): string {
  return CLOCK.format(time)
}

/** "just now", "5 min ago", "in 3 s" */
export function formatAgo(time: Date, now = Date.now()): string {
  const past = now - time.getTime()
  if (Number.isNaN(past)) return ''
  if (Math.abs(past) < 1000) return 'just now'
  const rough = formatDuration(
    Math.abs(past) < 60_000 ? Math.round(Math.abs(past) / 1000) * 1000 : Math.abs(past),
  )
  return past < 0 ? `in ${rough}` : `${rough} ago`
}

/** "3-917fa2…" of a long revision. */
export function shortRev(rev: string): string {
  const hyphen = rev.indexOf('-')
  return rev.length - hyphen > 9 ? `${rev.slice(0, hyphen + 8)}…` : rev
}

/** The number of a sequence: "42" of "42-g1AAAA…". */
export function seqNumber(seq: unknown): number {
  return typeof seq === 'number' ? seq : Number.parseInt(String(seq), 10) || 0
}
