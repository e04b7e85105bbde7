import { connect } from 'node:tls'
import type { Connection } from '../../frame/connection.ts'
import { duration } from '../../frame/format.ts'
import { finding } from './finding.ts'
import type { DoctorFinding } from './finding.ts'

const TIMEOUT_MS = 10_000
const DAY_MS = 86_400_000
const SOON_MS = 30 * DAY_MS
const LAST_DAYS_MS = 7 * DAY_MS

/** Judges until when a certificate is valid. */
export function judgeCertificate(subject: string, notAfter: Date, now = new Date()): DoctorFinding {
  const left = notAfter.getTime() - now.getTime()
  const day = notAfter.toISOString().slice(0, 10)
  if (left <= 0) return finding('error', subject, `the certificate ended on ${day}: renew it.`)
  const text = `the certificate is valid until ${day} (${duration(left)})`
  if (left < LAST_DAYS_MS) return finding('error', subject, `${text}: renew it now.`)
  return left < SOON_MS
    ? finding('warning', subject, `${text}: renew it.`)
    : finding('ok', subject, `${text}.`)
}

/** Looks at the certificate that a server presents, whether it is trusted or not. */
export function presentedCertificate({ url }: Connection): Promise<Date> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const options = { host, port: Number(port || 443), rejectUnauthorized: false, timeout: TIMEOUT_MS }
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    const socket = connect({ ...options, ...servername }, () => {
      const { valid_to: end } = socket.getPeerCertificate()
      socket.destroy()
      resolve(new Date(end))
    })
    socket.on('error', reject)
    socket.on('timeout', () => socket.destroy(new Error('it did not answer in time')))
  })
}
