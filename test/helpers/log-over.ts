import type { ReplicatedLog } from '../../server/cluster/log/contract.ts'

/** A log that does some things in its own way, and all else as another does. */
export function logOver(log: ReplicatedLog, own: Partial<ReplicatedLog>): ReplicatedLog {
  const over: ReplicatedLog = {
    append: (expected, bytes) => log.append(expected, bytes),
    get acknowledged() {
      return log.acknowledged
    },
    get maxEntryBytes() {
      return log.maxEntryBytes
    },
    read: from => log.read(from),
    changed: signal => log.changed(signal),
    first: () => log.first(),
    trim: below => log.trim(below),
    close: () => log.close(),
  }
  // Getters stay getters.
  return Object.defineProperties(over, Object.getOwnPropertyDescriptors(own))
}
