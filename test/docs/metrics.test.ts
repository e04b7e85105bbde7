import test from 'ava'
import { exportedMetrics, metricsTable, writtenTable } from '../helpers/metrics-reference.ts'

test('docs/metrics.md lists every metric that a server exports, and no other', async t => {
  const exported = await exportedMetrics()
  t.deepEqual(cells(await writtenTable()), cells(metricsTable(exported)))
})

/** Returns a table's cells, without the spaces that align them. */
function cells(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .filter(line => !/^\|[\s:|-]+$/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()))
}
