import { judgeCertificate, presentedCertificate } from './certificate.ts'
import { judgeClock } from './clock.ts'
import { finding } from './finding.ts'
import type { DoctorFinding } from './finding.ts'
import { judgeDescriptors, judgeNode } from './node-checks.ts'
import type { Health } from './node-checks.ts'
import { checkPeers } from './peers.ts'
import type { Context } from '../../frame/context.ts'
import { painter } from '../../frame/colour.ts'
import { INCOMPLETE, OK } from '../../frame/exit-codes.ts'
import type { Frame } from '../../frame/frame.ts'
import { parseMetrics } from '../../frame/metrics.ts'
import type { Server } from '../../frame/server.ts'
import { printable } from '../../frame/table.ts'

const LOOPBACK = /^https?:\/\/(localhost|127\.|\[::1\])/
const COLOURS = { ok: 'green', warning: 'yellow', error: 'red', unknown: 'dim' } as const

/** Adds `doctor`: looks for what will be trouble. */
export function addDoctor(frame: Frame): void {
  frame
    .command(
      'doctor',
      'Looks for what is or will be trouble: open files, disk, clock, certificates, configuration, jobs, peers. Ends with 6 where it finds something.',
      [
        ['couchette doctor', ''],
        ['couchette doctor --profile prod --json', 'for a monitor'],
      ],
    )
    .option('--no-peers', 'does not look at the servers that jobs name')
    .action(frame.run(doctor))
}

async function doctor(context: Context, options: { readonly peers?: boolean }): Promise<number> {
  const server = await context.server()
  const findings = await welcome(server)
  const health = await server.find<Health>('_node/_local/_health')
  const metrics = parseMetrics(await server.text('_node/_local/_prometheus'))
  findings.push(await judgeDescriptors(metrics, LOOPBACK.test(server.url)))
  findings.push(...judgeNode(health ?? {}))
  findings.push(...(await transport(server, health)))
  if (options.peers !== false) findings.push(...(await checkPeers(context, server)))
  await context.print(findings, () => render(context, findings))
  return findings.some(({ state }) => state === 'error' || state === 'warning') ? INCOMPLETE : OK
}

/** Looks at what every server of the protocol says of itself. */
async function welcome(server: Server): Promise<DoctorFinding[]> {
  const asked = Date.now()
  const { headers, body } = await server.open('GET', '')
  const answered = Date.now()
  const { version, vendor } = (await body.json()) as {
    version?: string
    vendor?: { name?: string; version?: string }
  }
  const name = [vendor?.name, vendor?.version].filter(Boolean).join(' ')
  const date = typeof headers.date === 'string' ? headers.date : undefined
  return [
    finding(
      'ok',
      'server',
      `${server.url}, CouchDB ${version ?? 'unknown'}${name === '' ? '' : ` (${name})`}.`,
    ),
    judgeClock('clock', date, asked, answered),
  ]
}

async function transport(server: Server, health: Health | undefined): Promise<DoctorFinding[]> {
  if (server.url.startsWith('https:')) {
    if (health?.certificate) return []
    const end = await presentedCertificate(server.connection).catch(() => undefined)
    return end === undefined ? [] : [judgeCertificate('TLS', end)]
  }
  return LOOPBACK.test(server.url)
    ? []
    : [finding('warning', 'TLS', 'passwords and documents cross the network in the clear: use https.')]
}

function render(context: Context, findings: readonly DoctorFinding[]): string {
  const paint = painter(context.colours)
  const width = Math.max(...findings.map(({ subject }) => subject.length))
  return findings
    .map(({ state, subject, text }) => {
      const mark = paint(state.padEnd(8), COLOURS[state])
      return `${mark} ${printable(subject).padEnd(width)}  ${printable(text)}\n`
    })
    .join('')
}
