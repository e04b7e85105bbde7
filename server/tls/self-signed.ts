import { isIP } from 'node:net'

export interface KeyAndCertificate {
  /** PEM */
  readonly key: string
  /** PEM */
  readonly cert: string
}

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Makes a key (P-256) and a certificate for it that vouches for itself: for trying out TLS, not for clients that are to
 * trust the server. Clients that do trust it trust it as an authority.
 *
 * @param hosts names and addresses; the first is the common name
 */
export async function makeSelfSigned(
  hosts: readonly string[],
  { days = 365 } = {},
): Promise<KeyAndCertificate> {
  // Loaded when it is needed, once in the life of a data directory: it brings much code.
  const { generate } = await import('selfsigned')
  const from = Date.now() - DAY_MS
  const made = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(from),
    notAfterDate: new Date(from + days * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: false },
      { name: 'subjectAltName', altNames: hosts.map(alternativeName) },
    ],
  })
  return { key: made.private, cert: made.cert }
}

function alternativeName(host: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }
}
