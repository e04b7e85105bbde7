/** The levels of nodes above the rows. A node has about FANOUT rows or nodes below it. */
export const LEVELS = 4
const FANOUT_BITS = 5

/**
 * The highest level at which a node begins with this row, 0 for most rows. It depends on the row's key alone, so that
 * inserting and removing rows changes no other node than those above them.
 */
export function levelOf(rowKey: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of rowKey) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  const zeros = hash === 0 ? 32 : 31 - Math.clz32(hash & -hash)
  return Math.min(LEVELS, Math.floor(zeros / FANOUT_BITS))
}
