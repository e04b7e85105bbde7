/** Values over time, for small charts: the last ones, each with its time in milliseconds. */
export interface Sample {
  readonly at: number
  readonly value: number
}

const KEPT = 180

/** A series with one more sample; the oldest falls out. */
export function withSample(series: readonly Sample[], value: number, at: number): Sample[] {
  return [...series.slice(1 - KEPT), { at, value }]
}

/** Returns the growth per second of a counter between each two samples; where it fell it had started again from 0. */
export function ratesOf(series: readonly Sample[]): Sample[] {
  const rates: Sample[] = []
  for (let index = 1; index < series.length; index += 1) {
    const [before, after] = [series[index - 1], series[index]]
    if (before === undefined || after === undefined || after.at <= before.at) continue
    const grown = after.value < before.value ? after.value : after.value - before.value
    rates.push({ at: after.at, value: (grown * 1000) / (after.at - before.at) })
  }
  return rates
}

/** The path of a line through the samples in a box of the given size, highest value at the top; the axis begins at 0. */
export function linePath(series: readonly Sample[], width: number, height: number): string {
  const [first] = series
  const last = series.at(-1)
  if (first === undefined || last === undefined || series.length < 2) return ''
  const top = Math.max(...series.map(({ value }) => value), 1e-9)
  const span = Math.max(last.at - first.at, 1)
  return series
    .map(({ at, value }, index) => {
      const x = ((at - first.at) / span) * width
      const y = height - (value / top) * height
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
