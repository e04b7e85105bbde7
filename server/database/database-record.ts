/** Record of a database, stored under its name as JSON. */
export interface DatabaseRecord {
  /** Never reused: all keys of the database begin with it. */
  readonly number: number
  /** Random and unique to this creation of the database: the opaque part of its sequences. */
  readonly instance: string
  /**
   * The instances that came before a restored one, and up to which number their sequences are this database's own; the
   * newest last.
   */
  readonly earlier?: readonly { readonly instance: string; readonly until: number }[]
  /** Seconds since 1970. */
  readonly created: number
  readonly partitioned: boolean
  /** `q` of the request that created the database. */
  readonly shards?: number
}
