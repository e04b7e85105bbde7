import test from 'ava'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { JobLog } from '../../../server/replication/job-log.ts'
import { PeerError } from '../../../replicator/peer-error.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly job: string
  readonly documents?: number
}

function logged(use: (log: JobLog) => void): Line[] {
  const lines: Line[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line)
      done()
    },
  })
  const side = { url: 'http://far/db?token=secret', headers: { Authorization: 'secret' } }
  const spec = { id: 'job', source: side, target: side, document: { database: '_replicator', id: 'doc' } }
  use(new JobLog(pino({ level: 'debug' }, sink), spec))
  return lines
}

test('P11: start, crash with its reason, recovery and end are lines that name the job, without credentials', t => {
  const lines = logged(log => {
    log.notify({ kind: 'started', crashes: 0 })
    const error = new PeerError('db_not_found', 'could not open http://far/db')
    log.notify({ kind: 'crashed', error, crashes: 1, retryMs: 30_000 })
    log.notify({ kind: 'recovered', crashes: 1 })
    log.notify({ kind: 'silent', forMs: 30_000 })
    log.notify({ kind: 'heardAgain', afterMs: 40_000 })
    log.notify({ kind: 'stalled', forMs: 120_000, waitingFor: '_bulk_docs of the target' })
    log.notify({ kind: 'unstalled', afterMs: 130_000 })
    log.rewound({ reason: 'the target has no checkpoint', from: 5, to: 0 })
    log.notify({ kind: 'stopped' })
    log.notify({ kind: 'completed', status: undefined })
  })
  t.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      [30, 'replication started'],
      [40, 'replication crashed'],
      [30, 'replication recovered'],
      [40, 'replication source is silent'],
      [30, 'replication source answers again'],
      [40, 'replication stalled: changes are pending and nothing moves'],
      [30, 'replication moves again'],
      [40, 'replication rewound: the target has no checkpoint'],
      [30, 'replication stopped'],
      [30, 'replication completed'],
    ],
  )
  t.like(lines[1], { job: 'job', doc: '_replicator/doc', error: 'db_not_found', retryInSeconds: 30 })
  t.notRegex(JSON.stringify(lines), /secret/)
})

test('refused documents are summed up', t => {
  const lines = logged(log => {
    for (let n = 0; n < 1000; n++)
      log.refused({ id: `d${n}`, rev: '1-a', status: 403, error: 'forbidden', reason: 'no' })
    log.notify({ kind: 'completed', status: undefined })
  })
  t.deepEqual(
    lines.filter(({ msg }) => msg === 'documents were refused').map(({ documents }) => documents),
    [1, 999],
  )
})
