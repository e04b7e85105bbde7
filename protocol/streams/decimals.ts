/**
 * Returns a decimal as text, with every digit and its scale: "12.50".
 *
 * @param bytes two's complement, big-endian, as Java's `BigInteger.toByteArray` makes them
 * @param scale digits behind the point; a negative one adds zeros
 */
export function decimalText(bytes: Uint8Array, scale: number): string {
  const hex = Buffer.from(bytes).toString('hex')
  const unscaled = hex === '' ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale))
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
