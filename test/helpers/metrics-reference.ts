import { readFile, writeFile } from 'node:fs/promises'
import { projectFile } from '../../harness/project.ts'
import { call } from './http.ts'
import { startServer } from './server.ts'

export interface DescribedMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  /** Names of labels, in order; empty for metrics of jobs, as no job runs. */
  readonly labels: readonly string[]
}

const FILE = projectFile('docs/metrics.md')
const BEGIN = '<!-- metrics -->'

/** Returns the metrics that a server with TLS exports, in order. */
export async function exportedMetrics(): Promise<DescribedMetric[]> {
  const tls = [
    { section: 'ssl', key: 'enable', value: 'true' },
    { section: 'ssl', key: 'port', value: '0' },
  ]
  const { url, close } = await startServer({ settings: tls })
  try {
    return describe((await call<string>(url, 'GET', '/_node/_local/_prometheus')).body)
  } finally {
    await close()
  }
}

function describe(text: string): DescribedMetric[] {
  const lines = text.split('\n')
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) => {
      const sample = lines.find(line => line.startsWith(`${name}{`)) ?? ''
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
      return { name, type, help, labels: type === 'summary' ? [] : labels }
    },
  )
}

/** Returns the table of docs/metrics.md. */
export function metricsTable(metrics: readonly DescribedMetric[]): string {
  const rows = metrics.map(({ name, type, help, labels }) => {
    const shown = labels.map(label => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`
  })
  return ['| metric | type | labels | meaning |', '| - | - | - | - |', ...rows, ''].join('\n')
}

export async function writtenTable(): Promise<string> {
  const text = await readFile(FILE, 'utf8')
  return text.slice(text.indexOf(BEGIN) + BEGIN.length).trim()
}

if (process.argv[2] === '--write') {
  const text = await readFile(FILE, 'utf8')
  const head = text.slice(0, text.indexOf(BEGIN) + BEGIN.length)
  await writeFile(FILE, `${head}\n\n${metricsTable(await exportedMetrics())}`)
}
