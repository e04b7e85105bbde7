import type { IdentityFilter } from '../protocol/replication-id.ts'
import type { ReplicationFilter } from '../protocol/replication-options.ts'
import { withoutTrailing } from '../protocol/trailing.ts'
import { PeerError } from './peer-error.ts'
import type { Peer } from './peer.ts'

const FETCH_TIMEOUT_MS = 60_000

/**
 * Returns the filter as the id of a replication has it: a function of a design document is read from the source, so that
 * another function is another replication.
 *
 * @param openSource opens the source; it is closed again
 * @throws PeerError `filter_fetch_error`, with CouchDB's reason
 */
export async function identityFilter(
  filter: ReplicationFilter,
  openSource: () => Promise<Peer>,
): Promise<IdentityFilter> {
  switch (filter.kind) {
    case 'none':
    case 'docIds':
    case 'builtin':
      return filter
    case 'selector':
      return { kind: 'selector', selector: filter.normalized }
    case 'function': {
      const code = await fetchCode(filter.ddoc, filter.name, openSource)
      return { kind: 'code', code, queryParams: filter.queryParams }
    }
  }
}

async function fetchCode(ddoc: string, name: string, openSource: () => Promise<Peer>): Promise<string> {
  const source = await openSource()
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
  try {
    const document = await source.getDocument(`_design/${ddoc}`, signal).catch((error: unknown) => {
      throw cannotOpen(ddoc, source.url, error instanceof Error ? error.message : String(error))
    })
    if (document === null) throw cannotOpen(ddoc, source.url, '{error,<<"not_found">>}')
    const { filters } = document as { filters?: Readonly<Record<string, unknown>> }
    const code = filters?.[name]
    if (typeof code === 'string') return trimmed(code)
    const missing = `{not_found,<<"missing json key: ${filters === undefined ? 'filters' : name}">>}`
    throw fetchError(
      `Couldn't parse filter code from document ${ddoc} on \`${source.url}\`  Error: ${missing}`,
    )
  } finally {
    await source.close()
  }
}

function cannotOpen(ddoc: string, url: string, reason: string): PeerError {
  return fetchError(`Couldn't open document \`_design/${ddoc}\` from source database \`${url}\`: ${reason}`)
}

function fetchError(reason: string): PeerError {
  return new PeerError('filter_fetch_error', reason, { status: 404, transient: true })
}

/** As CouchDB does it: spaces around code of one line only. */
function trimmed(code: string): string {
  const end = code.endsWith('\n') ? '\n' : ''
  const line = code.slice(0, code.length - end.length)
  return line.includes('\n') ? code : withoutTrailing(line.replace(/^ +/, ''), ' ') + end
}
