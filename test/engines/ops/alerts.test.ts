import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ParsedSample } from '../../helpers/prometheus.ts'
import { checkAlerts, promtool, readRules, RULES, OPS, type Series } from './promtool.ts'
import { type Scrape, scrapeHealthyNode, scrapeTroubledNode } from './troubled-node.ts'

/** Minutes of the series. */
const TROUBLE_AT = 60
const END = 180
/** Series of the disk, which is judged over hours, are longer. */
const FULL_AT = 420
const LATER = 560

let healthy: readonly Series[]
let troubled: readonly Series[]

test.before(async () => {
  healthy = [{ name: 'up', labels: {}, values: `1x${END}` }, ...calm(await scrapeHealthyNode())]
  troubled = growing(...(await scrapeTroubledNode()))
})

/** Returns series of the samples of a healthy node, which stay as they are. */
function calm({ samples, at }: Scrape): Series[] {
  return samples.map(sample => {
    const { name, labels } = sample
    return { name, labels, values: `${calmValue(sample, samples, at)}x${END}` }
  })
}

/** The machine that runs this test may be busy and its disk full: that is not what is tested. */
function calmValue({ name, value }: ParsedSample, samples: readonly ParsedSample[], at: number): number {
  if (name === 'couchette_event_loop_delay_seconds') return 0.01
  if (name === 'couchette_disk_free_bytes') {
    const size = samples.find(sample => sample.name === 'couchette_disk_size_bytes')?.value ?? 0
    return size / 2
  }
  return shifted(name, value, at)
}

/** promtool's clock begins at 0. */
function shifted(name: string, value: number, at: number): number {
  return name === 'couchette_tls_certificate_not_after_seconds' ? value - at : value
}

/** Returns series that go on as they did between two looks at a node in trouble. */
function growing(first: Scrape, second: Scrape): Series[] {
  return second.samples.map(({ name, labels, value }) => {
    const before = first.samples.find(
      sample => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels),
    )
    const grows = name === 'couchdb_replication_lag_seconds' && before !== undefined && value > before.value
    const perMinute = grows ? ((value - before.value) / (second.at - first.at)) * 60 : 0
    return { name, labels, values: `${shifted(name, value, second.at)}+${perMinute}x${END - TROUBLE_AT}` }
  })
}

/** Alerts, and the metrics of a real node in trouble that make them fire. */
const PRODUCED: Readonly<Record<string, readonly string[]>> = {
  CouchetteReplicationStalled: ['couchdb_replication_stalled'],
  CouchetteReplicationLagGrowing: ['couchdb_replication_lag_seconds'],
  CouchetteReplicationSourceSilent: ['couchdb_replication_source_silent'],
  CouchetteReplicationDiverged: ['couchette_replicator_divergence'],
  CouchetteReplicationFailed: ['couchdb_replication_documents{state="failed"}'],
  CouchetteReplicationCrashing: ['couchdb_replication_documents{state="crashing"}'],
  CouchetteEventLoopLate: ['couchette_event_loop_delay_seconds'],
  CouchetteCertificateEnding: ['couchette_tls_certificate_not_after_seconds'],
  CouchetteLockouts: ['couchette_logins_lockouts_total'],
}

/** Alerts whose trouble cannot be made on every machine, and the series in which it shows. */
const WRITTEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CouchetteDown: { up: '0' },
  CouchetteStoreUnhealthy: { 'couchette_store_state{state="stopped"}': '1' },
  CouchetteDiskFull: { couchette_store_disk_full: '1' },
  CouchetteHeapFilling: { couchette_heap_used_bytes: '1e12' },
  CouchetteServerErrors: { 'couchdb_httpd_status_codes{code="500"}': '0+600' },
  CouchetteQueueWaiting: { 'couchette_queue_waiting{queue="queries"}': '3' },
  CouchetteCompactionFailing: { couchette_compaction_failures_total: '0+1' },
  CouchetteIndexBuildFailing: { couchette_index_builds_failures_total: '0+1' },
  CouchetteConfigurationFindings: { couchette_configuration_findings: '2' },
  CouchetteReplicationRefusedDocuments: { couchdb_replication_doc_write_failures_total: '0+1' },
  CouchetteReplicationRepairFailing: { couchette_replicator_repair_failing: '1' },
  CouchetteReplicationUnverified: { couchette_replicator_verification_failing: '1' },
  CouchetteReplicationRewound: { couchdb_replication_rewinds_total: '0+1' },
}

test.serial('the rules are valid, and the example of a configuration finds them', async t => {
  await t.notThrowsAsync(promtool('check', 'rules', RULES))
  await t.notThrowsAsync(promtool('check', 'config', join(OPS, 'prometheus/prometheus.yml')))
})

test.serial('no alert fires for a healthy node', async t => {
  await t.notThrowsAsync(checkAlerts('healthy', healthy, { [TROUBLE_AT]: [], [END]: [] }))
})

test.serial(
  'a node in trouble has every alert of its troubles, after the time that each waits, and no other',
  async t => {
    const isFull = shareFree(troubled) < 0.1
    const shown = troubled.filter(({ name }) => isFull || !name.startsWith('couchette_disk'))
    const series = [{ name: 'up', labels: {}, values: `1x${END}` }, ...shown]
    const expected = Object.keys(PRODUCED).filter(alert => alert !== 'CouchetteLockouts')
    if (isFull) expected.push('CouchetteDiskFilling')
    await t.notThrowsAsync(checkAlerts('troubled', series, { [END - TROUBLE_AT]: expected }))
  },
)

for (const [alert, metrics] of Object.entries(PRODUCED)) {
  test.serial(`${alert} fires on the series that a node in trouble produced, and only then`, async t => {
    const own = troubled.filter(one => metrics.some(metric => isNamed(one, metric)))
    t.true(own.length > 0)
    const series = [
      ...healthy.filter(one => !metrics.some(metric => isNamed(one, metric))),
      ...own.map(later),
    ]
    await t.notThrowsAsync(checkAlerts(alert, series, { [TROUBLE_AT - 2]: [], [atOf(alert)]: [alert] }))
  })
}

for (const [alert, changes] of Object.entries(WRITTEN)) {
  test.serial(`${alert} fires, and no other`, async t => {
    const changed = (one: Series): string | undefined =>
      Object.entries(changes).find(([metric]) => isNamed(one, metric))?.[1]
    const series = healthy.map(one => {
      const value = changed(one)
      const [from = '0', step = '0'] = (value ?? '').split('+')
      if (value === undefined) return one
      return { ...one, values: `${before(one)}x${TROUBLE_AT - 1} ${from}+${step}x${END - TROUBLE_AT}` }
    })
    t.true(healthy.some(one => changed(one) !== undefined))
    await t.notThrowsAsync(checkAlerts(alert, series, { [TROUBLE_AT - 2]: [], [END - 10]: [alert] }))
  })
}

test.serial(
  'CouchetteDiskFilling fires for a disk that is nearly full, and for one that will be',
  async t => {
    const size = healthy.find(({ name }) => name === 'couchette_disk_size_bytes')
    const bytes = Number.parseFloat(size?.values ?? '')
    t.true(bytes > 0)
    const disk = (values: string): Series[] => [
      { name: 'up', labels: {}, values: `1x${LATER}` },
      { name: 'couchette_disk_size_bytes', labels: {}, values: `${bytes}x${LATER}` },
      { name: 'couchette_disk_free_bytes', labels: {}, values },
    ]
    const fires = ['CouchetteDiskFilling']
    const full = disk(`${bytes / 2}x${FULL_AT - 1} ${bytes / 20}x${LATER - FULL_AT}`)
    await t.notThrowsAsync(checkAlerts('full', full, { [FULL_AT - 2]: [], [LATER]: fires }))
    // From half of it to 27 % in 560 minutes: it is full within twelve hours.
    const filling = disk(`${bytes / 2}-${bytes / 2400}x${LATER}`)
    await t.notThrowsAsync(checkAlerts('filling', filling, { 60: [], [LATER]: fires }))
    const steady = disk(`${bytes * 0.3}x${LATER}`)
    await t.notThrowsAsync(checkAlerts('steady', steady, { [LATER]: [] }))
  },
)

test.serial('CouchetteConflictsAgeing fires when the conflict that a node has is a day old', async t => {
  const own = troubled.filter(({ name }) => name === 'couchdb_conflicts_oldest_age_seconds')
  t.is(own.length, 1)
  const minutes = 26 * 60
  // Its age grows by a minute each minute.
  const ageing = own.map(one => ({ ...one, values: `${Number.parseFloat(one.values)}+60x${minutes}` }))
  const series = [{ name: 'up', labels: {}, values: `1x${minutes}` }, ...ageing]
  const expected = { [23 * 60]: [], [25 * 60]: ['CouchetteConflictsAgeing'] }
  await t.notThrowsAsync(checkAlerts('conflicts', series, expected))
})

test.serial('every alert has a test, a severity, and a runbook that is there', async t => {
  const alerts = (await readRules()).filter(rule => rule.alert !== undefined)
  const tested = [
    ...Object.keys(PRODUCED),
    ...Object.keys(WRITTEN),
    'CouchetteDiskFilling',
    'CouchetteConflictsAgeing',
  ]
  t.deepEqual(alerts.map(({ alert }) => alert).sort(), tested.sort() as (string | undefined)[])
  const guide = await readFile(join(OPS, '../docs/operating.md'), 'utf8')
  for (const { alert = '', labels, annotations } of alerts) {
    t.true(['critical', 'warning', 'info'].includes(labels?.severity ?? ''), alert)
    t.is(annotations?.runbook_url, `docs/operating.md#${alert.toLowerCase()}`)
    t.regex(guide, new RegExp(`^#+ ${alert}$`, 'm'))
  }
})

/** Returns the share of the disk that is free; where no small disk can be mounted, that is the machine's. */
function shareFree(series: readonly Series[]): number {
  const first = (name: string): number =>
    Number.parseFloat(series.find(one => one.name === name)?.values ?? '')
  return first('couchette_disk_free_bytes') / first('couchette_disk_size_bytes')
}

/** Lockouts are counted over 15 minutes, so that their alert ends by itself. */
function atOf(alert: string): number {
  return alert === 'CouchetteLockouts' ? TROUBLE_AT + 5 : END
}

/** Has a series of trouble begin in the middle; a counter is at 0 before. */
function later(one: Series): Series {
  const isCounter = one.name.endsWith('_total')
  return { ...one, values: `${isCounter ? '0' : '_'}x${TROUBLE_AT - 1} ${one.values}` }
}

function before(one: Series): string {
  return one.name.endsWith('_total') || one.name === 'couchdb_httpd_status_codes'
    ? '0'
    : (one.values.split('x')[0] ?? '0')
}

/** Returns whether a series is of that name, and of that label where one is named. */
function isNamed({ name, labels }: Series, metric: string): boolean {
  const [, named, label, value] = /^(\w+)(?:\{(\w+)="(\w+)"\})?$/.exec(metric) ?? []
  return name === named && (label === undefined || labels[label] === value)
}
