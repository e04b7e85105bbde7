import type { ReplicatedLog } from '../../server/cluster/log/contract.ts'
import { logOver } from './log-over.ts'

/** A log whose entries reach a node when they are so old: all else is as it is. */
export function laggingLog(log: ReplicatedLog, lagMs: number): ReplicatedLog {
  const seen: { readonly position: number; readonly at: number }[] = []
  const visible = (): number => {
    const now = performance.now()
    seen.push({ position: log.acknowledged, at: now })
    while (seen.length > 1 && seen[1]!.at <= now - lagMs) seen.shift()
    return seen[0]!.at <= now - lagMs ? seen[0]!.position : 0
  }
  return logOver(log, {
    get acknowledged() {
      return visible()
    },
    read: async from => {
      const until = visible()
      return (await log.read(from)).filter(({ position }) => position <= until)
    },
  })
}
