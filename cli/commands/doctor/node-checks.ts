import { readFile } from 'node:fs/promises'
import { bytes, count, duration } from '../../frame/format.ts'
import { metricSum } from '../../frame/metrics.ts'
import type { Metrics } from '../../frame/metrics.ts'
import { judgeCertificate } from './certificate.ts'
import { finding } from './finding.ts'
import type { DoctorFinding } from './finding.ts'

/** The members of `_node/_local/_health` that are looked at; other servers have no such path. */
export interface Health {
  readonly disk?: { readonly total: number; readonly free: number } | null
  readonly event_loop_delay_ms?: { readonly p99: number }
  readonly memory?: { readonly heap_used: number; readonly heap_limit: number }
  readonly store?: {
    readonly state: string
    readonly reason: string | null
    readonly disk_full: boolean
  } | null
  readonly certificate?: { readonly not_after: string } | null
  readonly configuration?: { readonly findings: number }
  readonly logins?: { readonly locked: number }
}

const MIN_FREE = 0.1
const LAST_FREE = 0.03
const LATE_MS = 200
const VERY_LATE_MS = 1000
const HEAP_SHARE = 0.9
const USED_DESCRIPTORS = 0.8
/** With fewer, feeds and peers are soon refused. */
const FEW_DESCRIPTORS = 4096

/** Judges what a node says of its disk, its store, its threads, its memory and its configuration. */
export function judgeNode(health: Health): DoctorFinding[] {
  return [
    judgeDisk(health),
    ...judgeStore(health),
    ...judgeEventLoop(health),
    ...judgeHeap(health),
    ...judgeConfiguration(health),
    ...(health.certificate ? [judgeCertificate('TLS', new Date(health.certificate.not_after))] : []),
  ]
}

function judgeDisk({ disk }: Health): DoctorFinding {
  if (!disk) return finding('unknown', 'disk', 'the server does not tell how full its disk is.')
  const share = disk.free / disk.total
  const text = `${bytes(disk.free)} of ${bytes(disk.total)} are free`
  if (share < LAST_FREE) return finding('error', 'disk', `${text}: writes will soon fail; make room now.`)
  return share < MIN_FREE
    ? finding('warning', 'disk', `${text}: make room; compaction needs some, too.`)
    : finding('ok', 'disk', `${text}.`)
}

function judgeStore({ store }: Health): DoctorFinding[] {
  if (!store) return []
  if (store.disk_full)
    return [finding('error', 'store', 'the disk is full: writes are refused until there is room.')]
  if (store.state === 'healthy') return [finding('ok', 'store', 'it takes writes.')]
  const state = store.state === 'stopped' ? 'error' : 'warning'
  return [finding(state, 'store', `it is ${store.state}: ${store.reason ?? 'the log tells why'}.`)]
}

function judgeEventLoop({ event_loop_delay_ms: delay }: Health): DoctorFinding[] {
  if (delay === undefined) return []
  const text = `99 % of its turns are less than ${duration(delay.p99)} late`
  if (delay.p99 > VERY_LATE_MS) return [finding('error', 'event loop', `${text}: the machine is overloaded.`)]
  return [
    delay.p99 > LATE_MS
      ? finding('warning', 'event loop', `${text}: the machine is busy.`)
      : finding('ok', 'event loop', `${text}.`),
  ]
}

function judgeHeap({ memory }: Health): DoctorFinding[] {
  if (memory === undefined) return []
  const text = `${bytes(memory.heap_used)} of ${bytes(memory.heap_limit)} of JavaScript's memory are used`
  return [
    memory.heap_used > HEAP_SHARE * memory.heap_limit
      ? finding('warning', 'memory', `${text}: raise it with NODE_OPTIONS=--max-old-space-size.`)
      : finding('ok', 'memory', `${text}.`),
  ]
}

function judgeConfiguration({ configuration, logins }: Health): DoctorFinding[] {
  const findings: DoctorFinding[] = []
  if (configuration !== undefined)
    findings.push(
      configuration.findings === 0
        ? finding('ok', 'configuration', 'every setting works.')
        : finding(
            'warning',
            'configuration',
            `${count(configuration.findings)} settings do not work: couchette check-config names them.`,
          ),
    )
  if ((logins?.locked ?? 0) > 0)
    findings.push(
      finding('warning', 'logins', `${count(logins?.locked)} names are locked after wrong passwords.`),
    )
  return findings
}

/** Judges the open files of the server: by its metrics, else, on this machine, by the limit that this process has. */
export async function judgeDescriptors(metrics: Metrics, isHere: boolean): Promise<DoctorFinding> {
  const limit = metricSum(metrics, 'process_max_fds')
  const open = metricSum(metrics, 'process_open_fds')
  if (limit !== null) {
    const text =
      open === null
        ? `the server may open ${count(limit)} files`
        : `${count(open)} of ${count(limit)} files are open`
    if (open !== null && open > USED_DESCRIPTORS * limit)
      return finding('error', 'descriptors', `${text}: raise the limit (ulimit -n, LimitNOFILE).`)
    return judgeLimit(text, limit)
  }
  const own = isHere ? await ownLimit() : null
  return own === null
    ? finding('unknown', 'descriptors', 'the server does not tell how many files it may open.')
    : judgeLimit(`a process started as this one may open ${count(own)} files`, own)
}

function judgeLimit(text: string, limit: number): DoctorFinding {
  return limit < FEW_DESCRIPTORS
    ? finding(
        'warning',
        'descriptors',
        `${text}, which is few for many feeds and peers: raise it (ulimit -n, LimitNOFILE).`,
      )
    : finding('ok', 'descriptors', `${text}.`)
}

/** Returns the limit of open files of this process; null where the system does not tell. */
async function ownLimit(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? []
  return soft === undefined ? null : Number(soft)
}
