/**
 * Returns a decimal as text, with every digit and its scale: "12.50".
 *
 * @param bytes two's complement, big-endian, as Java's `BigInteger.toByteArray` makes them
 * @param scale digits behind the point; a negative one adds zeros
 */
export function decimalText(bytes: Uint8Array, scale: number): string {
  const unscaled = unscaledValue(bytes)
  if (scale <= 0) return String(BigInt(unscaled) * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0 ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Bytes that a JavaScript number holds exactly; most decimals have fewer. */
const SAFE_BYTES = 6

function unscaledValue(bytes: Uint8Array): number | bigint {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.length === 0) return 0
  if (buffer.length <= SAFE_BYTES) return buffer.readIntBE(0, buffer.length)
  return BigInt.asIntN(buffer.length * 8, BigInt(`0x${buffer.toString('hex')}`))
}
