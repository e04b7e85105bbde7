import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { der } from './der.ts'

export interface KeyAndCertificate {
  /** PEM */
  readonly key: string
  /** PEM */
  readonly cert: string
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const COMMON_NAME = '2.5.4.3'
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Makes a key (P-256) and a certificate for it that vouches for itself (RFC 5280): for trying out TLS, not for clients
 * that are to trust the server.
 *
 * @param hosts names and IPv4 addresses
 */
export function makeSelfSigned(hosts: readonly string[], { days = 365 } = {}): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const from = Date.now() - DAY_MS
  const name = der.sequence(der.set(der.sequence(der.oid(COMMON_NAME), der.utf8(hosts[0] ?? 'localhost'))))
  const certificate = der.sequence(
    der.context(0, der.integer(Buffer.from([2]))),
    der.integer(serialNumber()),
    ECDSA_WITH_SHA256,
    name,
    der.sequence(der.utcTime(new Date(from)), der.utcTime(new Date(from + days * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(basicConstraints(), alternativeNames(hosts))),
  )
  const signature = sign('sha256', certificate, privateKey)
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: toPem(der.sequence(certificate, ECDSA_WITH_SHA256, der.bitString(signature))),
  }
}

/** Clients that trust the certificate trust it as an authority. */
function basicConstraints(): Buffer {
  return extension(BASIC_CONSTRAINTS, der.sequence(der.boolean(true)))
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map(host =>
    isIPv4(host)
      ? der.context(7, Buffer.from(host.split('.').map(Number)), { constructed: false })
      : der.context(2, Buffer.from(host), { constructed: false }),
  )
  return extension(SUBJECT_ALTERNATIVE_NAME, der.sequence(...names))
}

function extension(oid: string, value: Uint8Array): Buffer {
  return der.sequence(der.oid(oid), der.octetString(value))
}

/** Random and positive, without leading zeros. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
