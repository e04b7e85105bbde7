import { PeerError } from '../../replicator/peer-error.ts'
import { CommandError } from './command-error.ts'
import { DENIED, FAILED, NOT_FOUND, UNREACHABLE } from './exit-codes.ts'

/** An answer of a server that is no success, as nano describes it. */
interface RefusedAnswer {
  readonly statusCode: number
  readonly error?: unknown
  readonly reason?: unknown
}

/** Sentences for failures to connect, by their code. */
const NETWORK: Readonly<Record<string, (host: string) => string>> = {
  ECONNREFUSED: host => `Nothing listens at ${host}: is the server running, and is the port right?`,
  ENOTFOUND: host => `The name in ${host} is unknown.`,
  EAI_AGAIN: host => `The name in ${host} cannot be looked up now.`,
  EHOSTUNREACH: host => `There is no route to ${host}.`,
  ENETUNREACH: host => `There is no route to ${host}.`,
  ETIMEDOUT: host => `${host} did not answer in time.`,
  UND_ERR_CONNECT_TIMEOUT: host => `${host} did not answer in time.`,
  UND_ERR_HEADERS_TIMEOUT: host => `${host} did not answer in time.`,
  UND_ERR_BODY_TIMEOUT: host => `The answer of ${host} stalled.`,
  ECONNRESET: host => `${host} closed the connection.`,
  EPIPE: host => `${host} closed the connection.`,
  UND_ERR_SOCKET: host => `${host} closed the connection.`,
  CERT_HAS_EXPIRED: host => `The certificate of ${host} has expired.`,
  CERT_NOT_YET_VALID: host => `The certificate of ${host} is not valid yet: is this machine's clock right?`,
  DEPTH_ZERO_SELF_SIGNED_CERT: host =>
    `The certificate of ${host} is self-signed: trust it with --ca FILE, or take any with --insecure.`,
  SELF_SIGNED_CERT_IN_CHAIN: host =>
    `The certificate of ${host} is signed by an unknown authority: trust it with --ca FILE.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: host =>
    `The certificate of ${host} is signed by an unknown authority: trust it with --ca FILE.`,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: host =>
    `The certificate of ${host} is signed by an unknown authority: trust it with --ca FILE.`,
  ERR_TLS_CERT_ALTNAME_INVALID: host => `The certificate of ${host} is for another name.`,
  ERR_SSL_WRONG_VERSION_NUMBER: host => `${host} does not speak TLS on that port: try http.`,
  EPROTO: host => `${host} does not speak TLS on that port: try http.`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: host => `${host} does not speak TLS on that port: try http.`,
}

/** Words of a peer's failure that mean that there was no connection. */
const UNREACHED =
  /^(nxdomain|connection_refused|connection_closed|connect_timeout|connection_failed|unreachable|timeout|tls_error|proxy_refused)$/

/**
 * Returns the sentence for whatever a request failed with.
 *
 * @param url of the server, without credentials
 * @param connecting the last failure to connect, undefined where the client itself reported none
 */
export function requestFailure(error: unknown, url: string, connecting?: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (error instanceof PeerError) return peerFailure(error)
  if (isRefusal(error)) return refusalError(error.statusCode, error, url)
  const code = codeOf(connecting) ?? codeOf(error) ?? codeIn(error)
  const sentence = NETWORK[code ?? '']
  const host = hostOf(url)
  if (sentence !== undefined) return new CommandError(sentence(host), UNREACHABLE, error)
  const said = connecting ?? error
  const text = said instanceof Error ? said.message : String(said)
  if (/other side closed|socket hang up|terminated/i.test(text))
    return new CommandError(`${host} closed the connection.`, UNREACHABLE, error)
  return new CommandError(`A request to ${host} failed: ${code ?? text}.`, UNREACHABLE, error)
}

/** Returns the sentence for an answer that is no success. */
export function refusalError(
  status: number,
  { error, reason }: { readonly error?: unknown; readonly reason?: unknown },
  url: string,
): CommandError {
  const said = [error, reason].filter(word => typeof word === 'string' && word !== '').join(': ')
  const host = hostOf(url)
  if (status === 401)
    return new CommandError(
      `${host} wants a name and password that may do this: ${said || 'unauthorized'}. A profile holds them (couchette profile add).`,
      DENIED,
    )
  if (status === 403) return new CommandError(`${host} does not allow this: ${said || 'forbidden'}.`, DENIED)
  if (status === 404) return new CommandError(`${host} has no such thing: ${said || 'not found'}.`, NOT_FOUND)
  return new CommandError(`${host} answered ${status}${said === '' ? '' : `, ${said}`}.`, FAILED)
}

function peerFailure({ error, reason, status }: PeerError): CommandError {
  const sentence = `${error}: ${reason}`
  if (status === 401 || status === 403 || /^(unauthorized|replication_auth_error)$/.test(error))
    return new CommandError(sentence, DENIED)
  if (status === 404 || error === 'db_not_found') return new CommandError(sentence, NOT_FOUND)
  return new CommandError(sentence, UNREACHED.test(error) ? UNREACHABLE : FAILED)
}

function isRefusal(error: unknown): error is RefusedAnswer {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
}

/** The code of an error, or of what caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: readonly unknown[] }
  if (typeof code === 'string') return code
  return codeOf(errors?.[0]) ?? codeOf(cause)
}

/** nano tells of a lost connection in words alone. */
function codeIn(error: unknown): string | undefined {
  return error instanceof Error ? /\b(E[A-Z]{3,}|UND_ERR_[A-Z_]+)\b/.exec(error.message)?.[1] : undefined
}

/** The server as sentences name it: "127.0.0.1:5984". */
function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '')
}
