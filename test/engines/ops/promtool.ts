import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { projectFile } from '../../../harness/project.ts'
import type { ParsedSample } from '../../helpers/prometheus.ts'
import { tempDir } from '../../helpers/temp.ts'

const run = promisify(execFile)

export const OPS = projectFile('ops')
export const RULES = join(OPS, 'prometheus/couchette.rules.yml')

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

export async function readRules(): Promise<Rule[]> {
  const { groups } = parse(await readFile(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

/** Runs promtool; what it prints is in the error of a failure. */
export async function promtool(...args: string[]): Promise<string> {
  const { stdout } = await run('promtool', args).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(
        `promtool ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`,
      )
    },
  )
  return stdout
}

/** A sample as it goes on, one value each minute: "1+0x60". */
export interface Series extends Omit<ParsedSample, 'value'> {
  readonly values: string
}

/** Alerts by the minute at which exactly they are to fire. */
export type Expected = Readonly<Record<number, readonly string[]>>

/** Has promtool evaluate the rules over series. @throws where other alerts fire than expected */
export async function checkAlerts(
  name: string,
  series: readonly Series[],
  expected: Expected,
): Promise<void> {
  const dir = await tempDir()
  const file = join(dir.path, 'test.yml')
  const test = {
    rule_files: [RULES],
    evaluation_interval: '1m',
    tests: [
      {
        name,
        interval: '1m',
        input_series: series.map(one => ({ series: seriesName(one), values: one.values })),
        promql_expr_test: Object.entries(expected).map(([minute, alerts]) => ({
          expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
          eval_time: `${minute}m`,
          exp_samples: alerts.map(alert => ({ labels: `{alertname="${alert}"}`, value: 1 })),
        })),
      },
    ],
  }
  try {
    // JSON is YAML.
    await writeFile(file, JSON.stringify(test))
    await promtool('test', 'rules', file)
  } finally {
    await dir.remove()
  }
}

function seriesName({ name, labels }: Series): string {
  const all = { job: 'couchette', instance: 'node:5984', ...labels }
  return `${name}{${Object.entries(all)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',')}}`
}
