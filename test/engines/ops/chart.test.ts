import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { readIniFiles } from '../../../server/config/files.ts'
import { configurationFindings } from '../../../server/config/findings.ts'
import { tempDir } from '../../helpers/temp.ts'
import { CHART, checkManifest, helm, type Manifest, render } from './helm.ts'
import { RULES } from './promtool.ts'

const PASSWORD = 'admin.password=secret'
const ALL = [
  PASSWORD,
  'cookieSecret=abc',
  'replicaCount=3',
  'metrics.serviceMonitor.enabled=true',
  'metrics.prometheusRule.enabled=true',
  'ingress.enabled=true',
  'ingress.hosts={couch.example.org}',
  'config.replicator.max_jobs=100',
  'config.chttpd.require_valid_user=true',
  'networkPolicy.from[0].podSelector.matchLabels.app=web',
]
const SMALL = [PASSWORD, 'persistence.enabled=false', 'metrics.enabled=false', 'networkPolicy.enabled=false']

test('helm lint finds nothing in the chart', async t => {
  await t.notThrowsAsync(helm('lint', '--strict', CHART, '--set', PASSWORD))
})

for (const [name, values] of Object.entries({
  'all of it': ALL,
  'little of it': SMALL,
  defaults: [PASSWORD],
})) {
  test(`every manifest is valid by the schemas of Kubernetes: ${name}`, async t => {
    const manifests = await render(...values)
    t.true(manifests.length >= 6)
    for (const manifest of manifests) {
      await t.notThrowsAsync(checkManifest(manifest), `${manifest.kind} ${manifest.metadata.name}`)
    }
  })
}

test('a manifest that is wrong is refused', async t => {
  const [set] = (await render(PASSWORD)).filter(({ kind }) => kind === 'StatefulSet')
  await t.throwsAsync(checkManifest({ ...(set as Manifest), spec: { ...set?.spec, replicas: 'three' } }))
})

test('values that cannot be are refused with a reason', async t => {
  await t.throwsAsync(render(), { message: /Set admin\.password or admin\.existingSecret\./ })
  await t.throwsAsync(render(PASSWORD, 'replicaCount=0'), { message: /replicaCount/ })
  await t.throwsAsync(render(PASSWORD, 'replicas=2'), { message: /replicas/ })
  await t.throwsAsync(render(PASSWORD, 'persistence.size=much'), { message: /size/ })
  await t.notThrowsAsync(render('admin.existingSecret=mine'))
})

test('the chart has what a cluster needs of a stateful service', async t => {
  const manifests = await render(...ALL)
  const kinds = new Set(manifests.map(({ kind }) => kind))
  for (const kind of [
    'StatefulSet',
    'PodDisruptionBudget',
    'ServiceMonitor',
    'NetworkPolicy',
    'PrometheusRule',
    'Ingress',
  ])
    t.true(kinds.has(kind), kind)
  const set = manifests.find(({ kind }) => kind === 'StatefulSet')
  const text = JSON.stringify(set)
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) t.true(text.includes(probe), probe)
  t.true(text.includes('"runAsNonRoot":true'))
  t.true(text.includes('"readOnlyRootFilesystem":true'))
})

test('settings of the chart are settings that work', async t => {
  const config = (await render(...ALL)).find(({ kind }) => kind === 'ConfigMap')
  const dir = await tempDir()
  t.teardown(() => dir.remove())
  await mkdir(join(dir.path, 'local.d'))
  await writeFile(join(dir.path, 'local.d/chart.ini'), config?.data?.['chart.ini'] ?? '')
  t.regex(config?.data?.['chart.ini'] ?? '', /^max_jobs = 100$/m)
  t.deepEqual(configurationFindings(dir.path, await readIniFiles(dir.path), []), [])
})

test('the chart has the rules of ops/prometheus', async t => {
  t.is(await readFile(join(CHART, 'files/couchette.rules.yml'), 'utf8'), await readFile(RULES, 'utf8'))
})
