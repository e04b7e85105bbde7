import { createHmac } from 'node:crypto'
import { sameText } from './hasher.ts'
import { isPrf, PRFS } from './stored-password.ts'
import type { Totp } from './user-record.ts'

const STEP_SECONDS = 30
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Whether the token is of this step, the one before or the one after (RFC 6238; `couch_httpd_auth:verify_token/4`). */
export function verifyTotp(totp: Totp, token: string, nowMs = Date.now()): boolean {
  const key = decodeBase32(totp.key)
  if (key === undefined || key.length === 0 || !isPrf(totp.algorithm)) return false
  const step = Math.floor(nowMs / 1000 / STEP_SECONDS)
  const tokens = [step - 1, step, step + 1].map(at => generate(totp, key, at))
  return tokens.map(expected => sameText(expected, token)).includes(true)
}

function generate({ algorithm, length }: Totp, key: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const { digest } = PRFS[isPrf(algorithm) ? algorithm : 'sha']
  const mac = createHmac(digest, key).update(counter).digest()
  const at = (mac.at(-1) ?? 0) & 0xf
  return String(mac.readUInt32BE(at) & 0x7fffffff)
    .padStart(length, '0')
    .slice(-length)
}

function decodeBase32(text: string): Buffer | undefined {
  const digits = [...text.replace(/=+$/, '')].map(char => BASE32.indexOf(char))
  if (digits.includes(-1)) return undefined
  const bits = digits.map(digit => digit.toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map(byte => parseInt(byte, 2)))
}
