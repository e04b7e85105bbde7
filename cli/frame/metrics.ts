/** Samples of a server's metrics in Prometheus' text format, by name and labels as they are written there. */
export type Metrics = ReadonlyMap<string, number>

/** Parses Prometheus' text format; lines of another form are skipped. */
export function parseMetrics(text: string): Metrics {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?)\s+(\S+)/.exec(line) ?? []
    if (name !== undefined && value !== undefined) samples.set(name, Number(value))
  }
  return samples
}

/** Returns the sum of a metric over all its labels that `labels` matches; null where there is none. */
export function metricSum(metrics: Metrics, name: string, labels = /^/): number | null {
  let sum: number | null = null
  for (const [key, value] of metrics) {
    const brace = key.indexOf('{')
    if ((brace < 0 ? key : key.slice(0, brace)) !== name || !labels.test(key)) continue
    sum = (sum ?? 0) + value
  }
  return sum
}
