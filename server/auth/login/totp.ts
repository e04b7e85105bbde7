import { createHmac } from 'node:crypto'
import { sameText } from '../../passwords/hasher.ts'
import { ExpiringMap } from '../expiring-map.ts'
import { isPrf, PRFS } from '../../passwords/stored-password.ts'
import type { Totp } from '../user-record.ts'
import { withoutTrailing } from '../../../protocol/trailing.ts'

const STEP_SECONDS = 30
/**
 * A token is right in three steps of 30 s. It is remembered for longer, so that a wall clock that is set back by less than
 * a day makes no token right that was taken.
 */
const REMEMBERED_MS = 24 * 60 * 60 * 1000
const MAX_NAMES = 100_000
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** More characters are no key of any authenticator, and cost time. */
const MAX_KEY_CHARACTERS = 1024
/** The truncated digest of RFC 4226 has no more digits. */
const MAX_TOKEN_DIGITS = 10

/** The second factor of all users: tokens by time (RFC 6238), each of which is taken once. */
export class TotpCheck {
  /** The step of the last token that was taken, by name and key. */
  readonly #used: ExpiringMap<string, number>
  readonly #now: () => number

  /**
   * @param now the wall clock, by which tokens are made
   * @param clock a monotonic clock, by which they are remembered
   */
  constructor(now: () => number = Date.now, clock?: () => number) {
    this.#now = now
    this.#used = new ExpiringMap(() => ({ entries: MAX_NAMES, lifetimeMs: REMEMBERED_MS }), clock)
  }

  /** Takes a token; one that was taken before, or is older than one that was, is wrong. */
  take(name: string, totp: Totp, token: string): boolean {
    const step = stepOfToken(totp, token, this.#now())
    const key = `${totp.key}\0${name}`
    if (step === undefined || step <= (this.#used.get(key) ?? -1)) return false
    this.#used.delete(key)
    this.#used.set(key, step)
    return true
  }
}

/** Returns the step that the token is of: the current one, the one before or the one after (`couch_httpd_auth:verify_token/4`). */
export function stepOfToken(totp: Totp, token: string, nowMs = Date.now()): number | undefined {
  const key = totp.key.length > MAX_KEY_CHARACTERS ? undefined : decodeBase32(totp.key)
  if (key === undefined || key.length === 0 || !isPrf(totp.algorithm) || !isTokenLength(totp.length))
    return undefined
  const step = Math.floor(nowMs / 1000 / STEP_SECONDS)
  // All are computed and compared, so that the time tells nothing.
  const right = [step - 1, step, step + 1].filter(candidate =>
    sameText(generate(totp, key, candidate), token),
  )
  return right.at(-1)
}

/** Returns whether a second factor can be checked. */
export function isUsableTotp({ key, algorithm, length }: Totp): boolean {
  return key.length <= MAX_KEY_CHARACTERS && isPrf(algorithm) && isTokenLength(length)
}

function isTokenLength(length: number): boolean {
  return Number.isInteger(length) && length >= 1 && length <= MAX_TOKEN_DIGITS
}

function generate({ algorithm, length }: Totp, key: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const { digest } = PRFS[isPrf(algorithm) ? algorithm : 'sha']
  const mac = createHmac(digest, key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 0xf
  return String(mac.readUInt32BE(offset) & 0x7fffffff)
    .padStart(length, '0')
    .slice(-length)
}

function decodeBase32(text: string): Buffer | undefined {
  const digits = [...withoutTrailing(text, '=')].map(char => BASE32.indexOf(char))
  if (digits.includes(-1)) return undefined
  const bits = digits.map(digit => digit.toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => parseInt(byte, 2)))
}
