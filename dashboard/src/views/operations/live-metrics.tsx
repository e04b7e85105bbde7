import { useEffect, useState } from 'preact/hooks'
import { type Counters, counters, type Health, health, systemState } from '../../api/node.ts'
import { formatBytes, formatCount, formatDuration } from '../../lib/format.ts'
import { ratesOf, type Sample, withSample } from '../../lib/samples.ts'
import { useResource } from '../../ui/hooks.ts'
import { Figure, Loaded } from '../../ui/kit.tsx'
import { ChartFigure } from '../../ui/sparkline.tsx'

const REFRESH_MS = 2000

interface Reading {
  readonly at: number
  readonly counters: Counters
  readonly health: Health | undefined
  readonly uptime: number
}

async function read(signal: AbortSignal): Promise<Reading> {
  const [counted, state, system] = await Promise.all([counters(signal), health(signal), systemState(signal)])
  return { at: Date.now(), counters: counted, health: state, uptime: system.uptime }
}

const COUNTED = {
  requests: ({ counters }: Reading) => counters.requests,
  writes: ({ counters }: Reading) => counters.documentWrites,
  feeds: ({ counters }: Reading) => counters.feeds,
  median: ({ counters }: Reading) => counters.requestTime.median,
  p99: ({ counters }: Reading) => counters.requestTime.p99,
  delay: ({ health }: Reading) => health?.event_loop_delay_ms.p99 ?? 0,
  memory: ({ health }: Reading) => health?.memory.resident ?? 0,
} as const

type SeriesName = keyof typeof COUNTED
type AllSeries = Readonly<Record<SeriesName, readonly Sample[]>>

const EMPTY = Object.fromEntries(Object.keys(COUNTED).map(name => [name, []])) as unknown as AllSeries

/** Figures of the node as they change; the charts begin when the view is opened. */
export function LiveMetrics() {
  const reading = useResource(read, [], REFRESH_MS)
  const [series, setSeries] = useState<AllSeries>(EMPTY)
  const { data } = reading
  useEffect(() => {
    if (data === undefined) return
    setSeries(
      before =>
        Object.fromEntries(
          Object.entries(COUNTED).map(([name, value]) => [
            name,
            withSample(before[name as SeriesName], value(data), data.at),
          ]),
        ) as unknown as AllSeries,
    )
  }, [data])
  return <Loaded resource={reading}>{latest => <Figures latest={latest} series={series} />}</Loaded>
}

function Figures({ latest, series }: { latest: Reading; series: AllSeries }) {
  const whole = (value: number) => formatCount(Math.round(value))
  const { disk, memory } = latest.health ?? {}
  return (
    <dl class="figures wide">
      <ChartFigure label="Requests per second" series={ratesOf(series.requests)} format={whole} />
      <ChartFigure label="Documents written per second" series={ratesOf(series.writes)} format={whole} />
      <ChartFigure label="Live feeds" series={series.feeds} format={whole} />
      <ChartFigure label="Time of a request, median" series={series.median} format={formatDuration} />
      <ChartFigure label="Time of a request, 99th percentile" series={series.p99} format={formatDuration} />
      {latest.health !== undefined && (
        <>
          <ChartFigure
            label="Delay of the event loop, 99th percentile"
            series={series.delay}
            format={formatDuration}
          />
          <ChartFigure label="Memory" series={series.memory} format={formatBytes} />
        </>
      )}
      {memory !== undefined && (
        <Figure label="Heap" note={`of at most ${formatBytes(memory.heap_limit)}`}>
          {formatBytes(memory.heap_used)}
        </Figure>
      )}
      {disk !== undefined && disk !== null && (
        <Figure label="Disk space left" note={`of ${formatBytes(disk.total)}`}>
          {formatBytes(disk.free)}
        </Figure>
      )}
      <Figure label="Open databases">{formatCount(latest.counters.openDatabases)}</Figure>
      <Figure label="Running for">{formatDuration(latest.uptime * 1000)}</Figure>
    </dl>
  )
}
