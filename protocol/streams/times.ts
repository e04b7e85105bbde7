import { withoutTrailing } from '../trailing.ts'

/** Units of a logical time type: how many of them are a second, and digits of its fraction. */
export type TimeUnit = 'milliseconds' | 'microseconds' | 'nanoseconds'

const DIGITS: Readonly<Record<TimeUnit, number>> = { milliseconds: 3, microseconds: 6, nanoseconds: 9 }
const SECONDS_PER_DAY = 86_400

/** Returns the date of a number of days since 1970-01-01, as RFC 3339 has it; years of more digits have a sign. */
export function dateText(days: bigint): string {
  const { year, month, day } = civilDate(days)
  return `${yearText(year)}-${twoDigits(month)}-${twoDigits(day)}`
}

/** Returns the time of a day, without a zone: "12:34:56.789". Zeros at the end of its fraction are left out. */
export function timeText(amount: bigint, unit: TimeUnit): string {
  const { seconds, fraction } = split(amount, unit)
  return clockText(Number(seconds), fraction, unit)
}

/** Returns the moment an amount after 1970-01-01T00:00:00Z, as RFC 3339 has it, in UTC. */
export function timestampText(amount: bigint, unit: TimeUnit): string {
  const { seconds, fraction } = split(amount, unit)
  if (typeof seconds === 'number') {
    const day = Math.floor(seconds / SECONDS_PER_DAY)
    return `${rememberedDate(day)}T${clockText(seconds - day * SECONDS_PER_DAY, fraction, unit)}Z`
  }
  const secondsPerDay = BigInt(SECONDS_PER_DAY)
  const time = clockText(Number(floorRemainder(seconds, secondsPerDay)), fraction, unit)
  return `${dateText(floorDivide(seconds, secondsPerDay))}T${time}Z`
}

/** Divides an amount in whole seconds and the rest; in numbers, which are quicker, where these are exact. */
function split(amount: bigint, unit: TimeUnit): { seconds: number | bigint; fraction: number } {
  const perSecond = 10 ** DIGITS[unit]
  const number = Number(amount)
  if (Number.isSafeInteger(number)) {
    const seconds = Math.floor(number / perSecond)
    return { seconds, fraction: number - seconds * perSecond }
  }
  const divisor = BigInt(perSecond)
  return { seconds: floorDivide(amount, divisor), fraction: Number(floorRemainder(amount, divisor)) }
}

/** Dates of days that were asked for: the rows of a table have few different ones. */
const dates = new Map<number, string>()
const MAX_DATES = 5000

function rememberedDate(day: number): string {
  let text = dates.get(day)
  if (text === undefined) {
    if (dates.size >= MAX_DATES) dates.clear()
    dates.set(day, (text = dateText(BigInt(day))))
  }
  return text
}

/** Returns a duration as ISO 8601 has it, in seconds: "PT3661.5S". */
export function durationText(amount: bigint, unit: TimeUnit): string {
  const { seconds, fraction } = split(amount < 0n ? -amount : amount, unit)
  return `${amount < 0n ? '-' : ''}PT${seconds}${fractionText(fraction, unit)}S`
}

const OFFSET = /^(.*\d)(Z|[+-]\d\d(?::?\d\d)?)$/i
const TIME = /(\d\d:\d\d)(:\d\d)?(?:\.(\d+))?$/

/**
 * Returns a time or timestamp with an offset as RFC 3339 has it: with seconds, minutes of the offset, and without zeros at
 * the end of the fraction. Text of another form is returned as it is.
 */
export function zonedText(text: string): string {
  const [, local, offset] = OFFSET.exec(text) ?? []
  if (local === undefined || offset === undefined) return text
  return localText(local) + offsetText(offset)
}

/** As `zonedText`, for text without an offset. */
export function localText(text: string): string {
  return text.replace(TIME, (_, minutes: string, seconds: string = ':00', fraction: string = '') => {
    const digits = withoutTrailing(fraction, '0')
    return `${minutes}${seconds}${digits === '' ? '' : `.${digits}`}`
  })
}

function offsetText(offset: string): string {
  if (/^(z|[+-]00(:?00)?)$/i.test(offset)) return 'Z'
  const digits = offset.replace(':', '')
  return `${digits.slice(0, 3)}:${digits.slice(3) || '00'}`
}

function clockText(seconds: number, fraction: number, unit: TimeUnit): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}${fractionText(fraction, unit)}`
}

function fractionText(fraction: number, unit: TimeUnit): string {
  if (fraction === 0) return ''
  return `.${withoutTrailing(String(fraction).padStart(DIGITS[unit], '0'), '0')}`
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** The proleptic Gregorian date of a day, after Howard Hinnant's `civil_from_days`. */
function civilDate(days: bigint): { year: number; month: number; day: number } {
  const shifted = days + 719_468n
  const era = Number(floorDivide(shifted, 146_097n))
  const dayOfEra = Number(floorRemainder(shifted, 146_097n))
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function floorDivide(value: bigint, by: bigint): bigint {
  return (value - floorRemainder(value, by)) / by
}

function floorRemainder(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by
}
