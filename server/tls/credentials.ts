import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls'
import type { Config } from '../config/config.ts'
import { checkPrivate, writePrivateFile } from '../storage/private-file.ts'
import { type KeyAndCertificate, makeSelfSigned } from './self-signed.ts'
import { isMissingFile } from '../storage/missing-file.ts'
import { StoreUnavailableError } from '../storage/unavailable.ts'

const VERSIONS: Readonly<Record<string, SecureVersion>> = { 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' }

export interface TlsCredentials {
  readonly options: SecureContextOptions
  /** End of the certificate's validity; undefined if it cannot be read. */
  readonly ends: Date | undefined
}

/**
 * Returns certificate and key for TLS by `[ssl]`: from their files, or a self-signed pair that is made once and kept in
 * the data directory.
 *
 * @throws where a file that is named cannot be read, the key can be read by others, or the pair is of no use
 */
export async function tlsCredentials(config: Config, directory: string): Promise<TlsCredentials> {
  const pair = (await configuredPair(config)) ?? (await ownPair(directory))
  const password = config.text('ssl', 'password')
  const authorities = config.text('ssl', 'cacert_file')
  const options = {
    ...pair,
    ...(password === '' ? {} : { passphrase: password }),
    ...(authorities === '' ? {} : { ca: await readFile(authorities) }),
    ...versions(config.text('ssl', 'tls_versions')),
  }
  checkUsable(options, config)
  return { options, ends: endOf(pair.cert) }
}

/** An empty file would pass: the server would listen, and every handshake fail. @throws {StoreUnavailableError} */
function checkUsable(options: SecureContextOptions & KeyAndCertificate, config: Config): void {
  const [cert, key] = [config.text('ssl', 'cert_file'), config.text('ssl', 'key_file')]
  const isOwn = cert === '' && key === ''
  const files = isOwn ? 'tls/cert.pem and tls/key.pem of the data directory' : `${cert} and ${key || cert}`
  const advice = isOwn ? 'remove both, and the next start makes new ones' : 'see [ssl] cert_file and key_file'
  try {
    if (options.cert.trim() === '' || options.key.trim() === '') throw new Error('one of them is empty')
    createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StoreUnavailableError(
      `The certificate and the private key in ${files} cannot be used (${reason}): ${advice}.`,
      { cause },
    )
  }
}

/** Returns the earliest end among the certificates of a chain, as all of them must hold. */
function endOf(chain: string): Date | undefined {
  const certificates = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    const ends = certificates.map(pem => Date.parse(new X509Certificate(pem).validTo))
    return ends.length === 0 ? undefined : new Date(Math.min(...ends))
  } catch {
    // What cannot be used is refused when the server listens.
    return undefined
  }
}

async function configuredPair(config: Config): Promise<KeyAndCertificate | undefined> {
  const [certFile, keyFile] = [config.text('ssl', 'cert_file'), config.text('ssl', 'key_file')]
  if (certFile === '' && keyFile === '') return undefined
  const privateFile = keyFile === '' ? certFile : keyFile
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(privateFile, 'utf8')])
  await checkPrivate(privateFile, 'The private key of [ssl]')
  return { cert, key }
}

async function ownPair(directory: string): Promise<KeyAndCertificate> {
  const folder = join(directory, 'tls')
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  try {
    const [cert, key] = [await readFile(certFile, 'utf8'), await readFile(keyFile, 'utf8')]
    await checkPrivate(keyFile, 'The private key of TLS')
    return { cert, key }
  } catch (error) {
    if (!isMissingFile(error)) throw error
  }
  const made = await makeSelfSigned(['localhost', hostname(), '127.0.0.1'])
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // The certificate comes last: without it, both are made again.
  await writePrivateFile(keyFile, made.key)
  await writePrivateFile(certFile, made.cert)
  return made
}

/** An Erlang list, `['tlsv1.2', 'tlsv1.3']`. Older versions than 1.2 are not spoken. */
function versions(text: string): { minVersion: SecureVersion; maxVersion?: SecureVersion } {
  const named = [...text.matchAll(/tlsv1\.\d/g)]
    .map(([name]) => VERSIONS[name])
    .filter(name => name !== undefined)
  const [lowest = 'TLSv1.2', highest = lowest] = named.sort()
  return named.length === 0 ? { minVersion: lowest } : { minVersion: lowest, maxVersion: highest }
}
