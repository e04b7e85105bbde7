/**
 * Why a replication cannot be what its body says. `kind` is the tag that CouchDB's replicator throws with, by which
 * `_replicate` and `_replicator` answer differently.
 */
export class ReplicationSyntaxError extends Error {
  readonly kind: 'bad_request' | 'error' | 'invalid_replication'
  readonly reason: string

  constructor(kind: 'bad_request' | 'error' | 'invalid_replication', reason: string) {
    super(reason)
    this.name = 'ReplicationSyntaxError'
    this.kind = kind
    this.reason = reason
  }
}

export function missingEndpoint(): ReplicationSyntaxError {
  return new ReplicationSyntaxError('error', 'Missing replicator database')
}

/** Makes CouchDB's error for endpoints that are not URLs: a plain name, or an object's bad `url`. */
export function invalidEndpoint(given: 'name' | 'url' = 'url'): ReplicationSyntaxError {
  if (given === 'name') return new ReplicationSyntaxError('error', 'local_endpoints_not_supported')
  return new ReplicationSyntaxError('invalid_replication', 'endpoint has an invalid url')
}

export function badParameter(name: string, wanted: string): ReplicationSyntaxError {
  return new ReplicationSyntaxError('bad_request', `parameter \`${name}\` must be ${wanted}`)
}

export function badReplication(reason: string): ReplicationSyntaxError {
  return new ReplicationSyntaxError('bad_request', reason)
}

/** Erlang's error for a value that no clause of a `case` takes: CouchDB shows it as the reason. */
export function noClause(value: unknown): ReplicationSyntaxError {
  return new ReplicationSyntaxError('error', `{error,{case_clause,${erlangText(value)}}}`)
}

function erlangText(value: unknown): string {
  if (typeof value === 'string') return `<<${JSON.stringify(value)}>>`
  if (Array.isArray(value)) return `[${value.map(erlangText).join(',')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.entries(value).map(
    ([name, member]) => `{<<${JSON.stringify(name)}>>,${erlangText(member)}}`,
  )
  return `{[${members.join(',')}]}`
}

export function badFilter(): ReplicationSyntaxError {
  return new ReplicationSyntaxError('error', 'Invalid filter. Must match `ddocname/filtername`.')
}
