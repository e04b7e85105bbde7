/** Paths that monitors and load balancers ask for every few seconds. */
export const PROBE_PATH = /^\/(_up|_node\/[^/]+\/(_prometheus|_stats.*|_system|_health|_log))?$/

/** A probe is what watches the server, a feed waits for changes. */
export type RequestKind = 'probe' | 'feed' | 'request'

/** By the names in a path, decoded: an attachment may have the name of a feed. */
const FEED_PATH = /^(?:.+\n_changes|_db_updates)$/

/** Returns the kind of a request, whatever way of writing its path has been chosen for a feed. */
export function kindOfRequest(url: string): RequestKind {
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  if (path.startsWith('/_') && PROBE_PATH.test(path)) return 'probe'
  return question >= 0 && isFeed(path, url.slice(question + 1)) ? 'feed' : 'request'
}

export function isFeed(path: string, querystring: string): boolean {
  if (querystring === '' || !FEED_PATH.test(namesIn(path))) return false
  return new URLSearchParams(querystring).getAll('feed').some(feed => feed !== 'normal')
}

/** Returns the names in a path that has at most two, a line each; empty slashes count for nothing. */
function namesIn(path: string): string {
  const names = path.split('/').filter(name => name !== '')
  if (names.length > 2) return ''
  try {
    return names.map(name => decodeURIComponent(name)).join('\n')
  } catch {
    return ''
  }
}
