/** Returns CouchDB's form of a time: seconds, UTC. */
export function isoTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
