/** What is stored under a database's name. */
export interface DatabaseRecord {
  /** Never reused: all keys of the database begin with it. */
  readonly number: number
  /** Random and unique to this creation of the database: the opaque part of its sequences. */
  readonly instance: string
  /** Seconds since 1970. */
  readonly created: number
  readonly partitioned: boolean
  /** What `q` asked for when it was made. */
  readonly shards?: number
}
