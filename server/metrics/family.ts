/** One value of a metric and the labels that tell it from others of the same name. */
export interface MetricSample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
  /** End of the sample's name, as `_sum` of a summary. */
  readonly suffix?: string
}

/** A metric with its samples, as one block of Prometheus' text format. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary' | 'histogram'
  readonly help: string
  readonly samples: readonly MetricSample[]
}

/** Returns families in Prometheus' text format. Those without samples are named, too, so that rules can be checked. */
export function formatFamilies(families: Iterable<MetricFamily>): string {
  const blocks: string[] = []
  for (const { name, type, help, samples } of families) {
    const lines = samples.map(
      ({ value, labels, suffix = '' }) => `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}`,
    )
    blocks.push([`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n'))
  }
  return blocks.join('')
}

/** Returns a gauge with one sample and no labels. */
export function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, samples: [{ value }] }
}

/** Returns a counter with one sample and no labels; its name ends in `_total`. */
export function counter(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'counter', help, samples: [{ value }] }
}

/** Returns a gauge with a sample for each entry of a record, told apart by one label. */
export function labelledGauge(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): MetricFamily {
  const samples = Object.entries(values).map(([key, value]) => ({ value, labels: { [label]: key } }))
  return { name, type: 'gauge', help, samples }
}

function formatLabels(labels: MetricSample['labels']): string {
  if (labels === undefined) return ''
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escape(value: string): string {
  return value.replace(/["\\\n]/g, match => (match === '\n' ? '\\n' : `\\${match}`))
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}
