import { linePath, type Sample } from '../lib/samples.ts'

const WIDTH = 200
const HEIGHT = 36

/** A small chart of values over time, with the highest and the last value in words for those who do not see it. */
export function Sparkline({
  series,
  label,
  format,
}: {
  series: readonly Sample[]
  label: string
  format: (value: number) => string
}) {
  const path = linePath(series, WIDTH, HEIGHT)
  const last = series.at(-1)
  const text =
    last === undefined
      ? `${label}: no values yet`
      : `${label}: now ${format(last.value)}, at most ${format(Math.max(...series.map(({ value }) => value)))}`
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      {path !== '' && <path class="area" d={`${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />}
      {path !== '' && <path d={path} />}
    </svg>
  )
}

/** A figure with its chart below. */
export function ChartFigure({
  label,
  series,
  format,
}: {
  label: string
  series: readonly Sample[]
  format: (value: number) => string
}) {
  const last = series.at(-1)
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        {last === undefined ? '–' : format(last.value)}
        <Sparkline series={series} label={label} format={format} />
      </dd>
    </div>
  )
}
