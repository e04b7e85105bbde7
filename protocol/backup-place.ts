/**
 * Keeps backups: a directory, or a bucket of S3. Paths have slashes, see `Backup`; text that is written is there whole or not
 * at all.
 */
export interface BackupPlace {
  /** Text for messages: `/srv/backups`, `s3://bucket/prefix`. */
  readonly name: string
  /** Returns the names of the files that describe backups; none where there is nothing yet. */
  list(): Promise<string[]>
  /** Returns whether the content of a digest is there, undamaged as far as the place can tell without fetching it. */
  holds(path: string, content: { readonly sha256: string; readonly size: number }): Promise<boolean>
  read(path: string): AsyncIterable<Uint8Array>
  write(path: string, text: string): Promise<void>
  /** Returns the path of a file of this machine, to which content is written before {@link keep} takes it. */
  spool(): Promise<string>
  /** Takes the spooled file, synced, as the content of a digest. */
  keep(path: string, content: { readonly sha256: string; readonly size: number }): Promise<void>
  /** Removes a file; not an error where it is not there. */
  remove(path: string): Promise<void>
  /** Removes what is left of a spooled file. */
  close(): Promise<void>
}
