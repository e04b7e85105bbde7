const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Formats a number of bytes with three digits at most: "1.2 MB"; "–" where it is not known. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3)))
  const scaled = value / 1000 ** power
  return `${scaled.toFixed(power === 0 || scaled >= 100 ? 0 : 1)} ${UNITS[power]}`
}

/** Formats a whole number with separators: "12,345"; "–" where it is not known. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? '–'
    : Math.round(value).toLocaleString('en-US')
}

/** Formats a rate: "1,204/s", "0.4/s". */
export function perSecond(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return `${value > 0 && value < 10 ? value.toFixed(1) : count(value)}/s`
}

/** Formats a length of time with two units at most: "340 ms", "12 s", "3 m 20 s", "2 h 5 m", "4 d 3 h". */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–'
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}

/** Formats a moment as the time that has passed since: "3 m 20 s ago"; "–" where it is not known. */
export function ago(time: string | Date | null | undefined, now = Date.now()): string {
  const at = time === null || time === undefined ? Number.NaN : new Date(time).getTime()
  return Number.isNaN(at) ? '–' : `${duration(Math.max(0, now - at))} ago`
}

/** Formats a moment in local time: "2026-11-30 14:03:09". */
export function localTime(time: string | number | Date): string {
  const at = new Date(time)
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** Returns the noun with its number: "1 document", "2 documents". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}
