import type { ReplicationEndpoint } from '../../protocol/replication-endpoint.ts'

/** Shorter texts than this are no secrets, and replacing them everywhere would tell them. */
const MIN_SECRET = 4
const HIDDEN = '*****'
const SESSION = /AuthSession=[^;,\s"]+/g
/** Maximum length of a peer's text in states, histories and logs. */
const MAX_WORDS = 2000

/**
 * Returns a function for what a peer says: without the credentials that were sent to it, which it may send back, and cut
 * to a length that can be kept.
 */
export function wordsOf({ basic, headers, proxy }: ReplicationEndpoint): (text: string) => string {
  const secrets = [...basicSecrets(basic), ...Object.values(headers).flatMap(headerSecrets)]
  if (proxy !== undefined) secrets.push(...proxySecrets(proxy))
  const sought = secrets.filter(secret => secret.length >= MIN_SECRET).sort((a, b) => b.length - a.length)
  return text => {
    let shown = text.replace(SESSION, `AuthSession=${HIDDEN}`)
    for (const secret of sought) shown = shown.replaceAll(secret, HIDDEN)
    return shown.length > MAX_WORDS ? `${shown.slice(0, MAX_WORDS)}…` : shown
  }
}

function basicSecrets(basic: ReplicationEndpoint['basic']): string[] {
  if (!basic) return []
  const { username, password } = basic
  const base64 = Buffer.from(`${username}:${password}`).toString('base64')
  return [password, encodeURIComponent(password), JSON.stringify(password).slice(1, -1), base64]
}

/** The value, and what follows its scheme: "Bearer abc" and "abc". */
function headerSecrets(value: string): string[] {
  return [value, value.slice(value.indexOf(' ') + 1)]
}

function proxySecrets(proxy: string): string[] {
  const { username, password } = new URL(proxy)
  const [name, plain] = [username, password].map(unescape)
  return [password, plain ?? '', Buffer.from(`${name}:${plain}`).toString('base64')]
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
