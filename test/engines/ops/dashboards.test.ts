import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { exportedMetrics } from '../../helpers/metrics-reference.ts'
import { OPS, promtool, readRules } from './promtool.ts'
import { tempDir } from '../../helpers/temp.ts'

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
}

const FOLDER = join(OPS, 'grafana')

async function readDashboards(): Promise<Dashboard[]> {
  const files = (await readdir(FOLDER)).filter(name => name.endsWith('.json'))
  return Promise.all(
    files.map(async file => JSON.parse(await readFile(join(FOLDER, file), 'utf8')) as Dashboard),
  )
}

/** Words of PromQL that are followed by a parenthesis or stand alone, and labels behind "by" and "without". */
const WORD = /[a-z_:][\w:]*/gi

/** Returns names of metrics in an expression: words that are no function, label or keyword. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|without)\s*\([^)]*\)/g, '')
  const words = [...bare.matchAll(WORD)].filter(
    ({ 0: word, index }) => bare.slice(index + word.length).trimStart()[0] !== '(',
  )
  return words.map(([word]) => word).filter(word => /^(couch|process)/.test(word))
}

test('rules and dashboards ask for metrics that a server exports', async t => {
  const rules = await readRules()
  const recorded = rules.flatMap(({ record }) => (record === undefined ? [] : [record]))
  const exported = (await exportedMetrics()).flatMap(({ name, type }) =>
    type === 'histogram' || type === 'summary'
      ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]
      : [name],
  )
  const known = new Set([...exported, ...recorded])
  const panels = (await readDashboards()).flatMap(({ panels }) => panels)
  const asked = [...rules, ...panels.flatMap(({ targets }) => targets)].flatMap(({ expr }) => metricsIn(expr))
  t.true(asked.length > 60)
  t.deepEqual(
    asked.filter(name => !known.has(name)),
    [],
  )
})

test('the queries of the dashboards are PromQL', async t => {
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  const dashboards = await readDashboards()
  t.deepEqual(dashboards.map(({ uid }) => uid).sort(), [
    'couchette-feeds',
    'couchette-node',
    'couchette-queries',
    'couchette-replication',
  ])
  const queries = dashboards.flatMap(({ uid, panels }) =>
    panels.flatMap(({ targets }) => targets.map(({ expr }) => ({ uid, expr }))),
  )
  const rules = queries.map(({ expr }, at) => ({
    record: `query:${at}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  }))
  const file = join(dir.path, 'queries.yml')
  await writeFile(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
  await t.notThrowsAsync(promtool('check', 'rules', file))
})
