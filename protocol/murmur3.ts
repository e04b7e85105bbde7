/** A hash of 128 bits: four 32-bit integers with sign. */
export type Hash128 = readonly [number, number, number, number]

const C1 = 0x239b961b
const C2 = 0xab0e9789 | 0
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93 | 0

/**
 * Returns MurmurHash3_x86_128, with seed 0, of a text as UTF-16LE. It finds accidents, not attacks: whoever may choose texts
 * can find two with the same hash.
 */
export function murmur3(text: string): Hash128 {
  let [h1, h2, h3, h4] = [0, 0, 0, 0]
  const whole = text.length & ~7
  for (let at = 0; at < whole; at += 8) {
    h1 ^= mixed(wordAt(text, at), C1, 15, C2)
    h1 = (Math.imul((rotated(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= mixed(wordAt(text, at + 2), C2, 16, C3)
    h2 = (Math.imul((rotated(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= mixed(wordAt(text, at + 4), C3, 17, C4)
    h3 = (Math.imul((rotated(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= mixed(wordAt(text, at + 6), C4, 18, C1)
    h4 = (Math.imul((rotated(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  // A word of zeros, as behind the end, changes nothing.
  const rest = text.length - whole
  if (rest > 0) h1 ^= mixed(lastWord(text, whole), C1, 15, C2)
  if (rest > 2) h2 ^= mixed(lastWord(text, whole + 2), C2, 16, C3)
  if (rest > 4) h3 ^= mixed(lastWord(text, whole + 4), C3, 17, C4)
  if (rest > 6) h4 ^= mixed(lastWord(text, whole + 6), C4, 18, C1)
  const bytes = text.length * 2
  const first = (h1 ^ bytes) + (h2 ^ bytes) + (h3 ^ bytes) + (h4 ^ bytes)
  const f1 = finalized(first | 0)
  const f2 = finalized(((h2 ^ bytes) + first) | 0)
  const f3 = finalized(((h3 ^ bytes) + first) | 0)
  const f4 = finalized(((h4 ^ bytes) + first) | 0)
  const sum = (f1 + f2 + f3 + f4) | 0
  return [sum, (f2 + sum) | 0, (f3 + sum) | 0, (f4 + sum) | 0]
}

/** Two code units as a little-endian word. */
function wordAt(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
}

/** Two code units as a little-endian word; the second may be behind the end, and is 0 there. */
function lastWord(text: string, at: number): number {
  return at + 1 < text.length ? wordAt(text, at) : text.charCodeAt(at)
}

function mixed(word: number, before: number, turn: number, behind: number): number {
  return Math.imul(rotated(Math.imul(word, before), turn), behind)
}

function rotated(word: number, turn: number): number {
  return (word << turn) | (word >>> (32 - turn))
}

function finalized(hash: number): number {
  let mix = hash ^ (hash >>> 16)
  mix = Math.imul(mix, 0x85ebca6b)
  mix ^= mix >>> 13
  mix = Math.imul(mix, 0xc2b2ae35)
  return mix ^ (mix >>> 16)
}
