import type { Context } from '../../frame/context.ts'
import { CommandError } from '../../frame/command-error.ts'
import type { Server } from '../../frame/server.ts'
import { plural } from '../../frame/format.ts'
import { readJobs } from '../jobs/job-list.ts'
import type { JobRow } from '../jobs/job-list.ts'
import { judgeCertificate, presentedCertificate } from './certificate.ts'
import { judgeClock } from './clock.ts'
import { finding } from './finding.ts'
import type { DoctorFinding } from './finding.ts'

/** Peers that are looked at; a server may replicate with very many. */
const MAX_PEERS = 50

/** Looks at the jobs of a server, and from this machine at the servers that they name. */
export async function checkPeers(context: Context, server: Server): Promise<DoctorFinding[]> {
  const jobs = await readJobs(server)
  const origins = new Set(jobs.flatMap(({ source, target }) => [originOf(source), originOf(target)]))
  origins.delete(undefined)
  origins.delete(new URL(server.url).origin)
  const peers = await Promise.all(
    [...origins].slice(0, MAX_PEERS).map(origin => checkPeer(context, origin ?? '')),
  )
  return [judgeJobs(jobs), ...peers.flat()]
}

function judgeJobs(jobs: readonly JobRow[]): DoctorFinding {
  const ill = jobs.filter(
    ({ state, stalled, silentSeconds }) =>
      /^(crashing|failed|error)$/.test(state) || stalled !== null || silentSeconds !== null,
  ).length
  return ill === 0
    ? finding('ok', 'jobs', `${plural(jobs.length, 'replication job')}, none in trouble.`)
    : finding(
        'warning',
        'jobs',
        `${ill} of ${plural(jobs.length, 'replication job')} need a look: couchette jobs.`,
      )
}

async function checkPeer(context: Context, origin: string): Promise<DoctorFinding[]> {
  const subject = origin.replace(/^https?:\/\//, '')
  const findings: DoctorFinding[] = []
  const peer = await context.serverAt(origin)
  if (origin.startsWith('https:')) {
    const end = await presentedCertificate(peer.connection).catch(() => undefined)
    if (end !== undefined) findings.push(judgeCertificate(subject, end))
  }
  try {
    const asked = Date.now()
    const { headers, body } = await peer.open('GET', '')
    await body.dump()
    const date = typeof headers.date === 'string' ? headers.date : undefined
    findings.push(judgeClock(subject, date, asked, Date.now()))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    findings.push(finding('warning', subject, `from this machine: ${error.message}`))
  }
  return findings
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) && /^https?:/.test(url) ? new URL(url).origin : undefined
}
