/** Units of a logical time type: how many of them are a second, and digits of its fraction. */
export type TimeUnit = 'milliseconds' | 'microseconds' | 'nanoseconds'

const DIGITS: Readonly<Record<TimeUnit, number>> = { milliseconds: 3, microseconds: 6, nanoseconds: 9 }
const SECONDS_PER_DAY = 86_400n

/** Returns the date of a number of days since 1970-01-01, as RFC 3339 has it; years of more digits have a sign. */
export function dateText(days: bigint): string {
  const { year, month, day } = civilDate(days)
  return `${yearText(year)}-${twoDigits(month)}-${twoDigits(day)}`
}

/** Returns the time of a day, without a zone: "12:34:56.789". Zeros at the end of its fraction are left out. */
export function timeText(amount: bigint, unit: TimeUnit): string {
  const perSecond = 10n ** BigInt(DIGITS[unit])
  return clockText(floorDivide(amount, perSecond), floorRemainder(amount, perSecond), unit)
}

/** Returns the moment an amount after 1970-01-01T00:00:00Z, as RFC 3339 has it, in UTC. */
export function timestampText(amount: bigint, unit: TimeUnit): string {
  const perSecond = 10n ** BigInt(DIGITS[unit])
  const seconds = floorDivide(amount, perSecond)
  const time = clockText(floorRemainder(seconds, SECONDS_PER_DAY), floorRemainder(amount, perSecond), unit)
  return `${dateText(floorDivide(seconds, SECONDS_PER_DAY))}T${time}Z`
}

/** Returns a duration as ISO 8601 has it, in seconds: "PT3661.5S". */
export function durationText(amount: bigint, unit: TimeUnit): string {
  const perSecond = 10n ** BigInt(DIGITS[unit])
  const size = amount < 0n ? -amount : amount
  return `${amount < 0n ? '-' : ''}PT${size / perSecond}${fractionText(size % perSecond, unit)}S`
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
    const digits = fraction.replace(/0+$/, '')
    return `${minutes}${seconds}${digits === '' ? '' : `.${digits}`}`
  })
}

function offsetText(offset: string): string {
  if (/^(z|[+-]00(:?00)?)$/i.test(offset)) return 'Z'
  const digits = offset.replace(':', '')
  return `${digits.slice(0, 3)}:${digits.slice(3) || '00'}`
}

function clockText(secondsOfDay: bigint, fraction: bigint, unit: TimeUnit): string {
  const seconds = Number(secondsOfDay)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map(twoDigits).join(':') + fractionText(fraction, unit)
}

function fractionText(fraction: bigint, unit: TimeUnit): string {
  if (fraction === 0n) return ''
  return `.${String(fraction).padStart(DIGITS[unit], '0').replace(/0+$/, '')}`
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
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
