import { withoutTrailing } from '../trailing.ts'

/** A point in time, as exact as it was written. */
export interface Instant {
  /** Seconds since 1970, a whole number. */
  readonly seconds: number
  /** The digits of the fraction of a second, without trailing zeros. */
  readonly fraction: string
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Parses a time of RFC 3339, "2026-01-31T08:00:00.5+01:00"; undefined for any other text. */
export function parseInstant(text: string): Instant | undefined {
  const match = RFC_3339.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const [, , , , , , , fraction = '', sign = '+', offsetHours = '0', offsetMinutes = '0'] = match
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 60 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59)
    return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second
  const offset = Number(offsetHours) * 3600 + Number(offsetMinutes) * 60
  return { seconds: local - (sign === '-' ? -offset : offset), fraction: withoutTrailing(fraction, '0') }
}

/** Returns a number below, above or equal to 0. */
export function compareInstants(a: Instant, b: Instant): number {
  if (a.seconds !== b.seconds) return a.seconds - b.seconds
  return a.fraction === b.fraction ? 0 : a.fraction < b.fraction ? -1 : 1
}

function daysIn(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}
