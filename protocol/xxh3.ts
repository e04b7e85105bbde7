import { bufferOf } from './bytes.ts'

/**
 * XXH3 with 128 bits and no seed, for nine bytes and more (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md):
 * CouchDB makes its ETags with it. Written with `bigint`, it is for short texts: 100 KB take about ten milliseconds.
 */
export function xxh3(bytes: Uint8Array): bigint {
  const input = bufferOf(bytes)
  const { high, low } =
    input.length <= 16 ? hashTo16(input) : input.length <= 240 ? hashTo240(input) : hashLong(input)
  return (high << 64n) | low
}

interface Hash {
  readonly high: bigint
  readonly low: bigint
}

const P32_1 = 0x9e3779b1n
const P32_2 = 0x85ebca77n
const P32_3 = 0xc2b2ae3dn
const P64_1 = 0x9e3779b185ebca87n
const P64_2 = 0xc2b2ae3d27d4eb4fn
const P64_3 = 0x165667b19e3779f9n
const P64_4 = 0x85ebca77c2b2ae63n
const P64_5 = 0x27d4eb2f165667c5n
const MIX = 0x165667919e3779f9n

const LOW_32 = 0xffffffffn

const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e' +
    'e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d' +
    '8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc' +
    '8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
)

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value)
const read = (bytes: Buffer, index: number): bigint => bytes.readBigUInt64LE(index)
const secret = (offset: number): bigint => SECRET.readBigUInt64LE(offset)

/** The halves of a product, one upon the other. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b
  return u64(product) ^ (product >> 64n)
}

function avalanche(hash: bigint): bigint {
  const mixed = u64((hash ^ (hash >> 37n)) * MIX)
  return mixed ^ (mixed >> 32n)
}

function hashTo16(input: Buffer): Hash {
  const { length } = input
  const last = read(input, length - 8)
  const product = (read(input, 0) ^ last ^ secret(32) ^ secret(40)) * P64_1
  const keyed = last ^ secret(48) ^ secret(56)
  const high = u64((product >> 64n) + keyed + (keyed & LOW_32) * (P32_2 - 1n))
  const low = u64(product + (BigInt(length - 1) << 54n)) ^ swapped(high)
  const mixed = low * P64_2
  return { high: avalanche(u64((mixed >> 64n) + high * P64_2)), low: avalanche(u64(mixed)) }
}

function swapped(value: bigint): bigint {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.readBigUInt64BE()
}

function hashTo240(input: Buffer): Hash {
  const { length } = input
  const mix = new Mix(input)
  if (length <= 128) {
    for (let offset = Math.floor((length - 1) / 32) * 16; offset >= 0; offset -= 16)
      mix.add(offset, length - offset - 16, offset * 2)
    return mix.hash()
  }
  for (let start = 0; start < 128; start += 32) mix.add(start, start + 16, start)
  mix.stir()
  for (let position = 128; position + 32 <= length; position += 32)
    mix.add(position, position + 16, position - 125)
  mix.add(length - 16, length - 32, 103)
  return mix.hash()
}

/** Takes in two pieces of 16 bytes at a time. */
class Mix {
  readonly #input: Buffer
  #low: bigint
  #high = 0n

  constructor(input: Buffer) {
    this.#input = input
    this.#low = u64(BigInt(input.length) * P64_1)
  }

  add(first: number, second: number, key: number): void {
    this.#low = u64(this.#low + this.#piece(first, key)) ^ this.#sum(second)
    this.#high = u64(this.#high + this.#piece(second, key + 16)) ^ this.#sum(first)
  }

  stir(): void {
    this.#low = avalanche(this.#low)
    this.#high = avalanche(this.#high)
  }

  hash(): Hash {
    const length = BigInt(this.#input.length)
    const high = u64(this.#low * P64_1 + this.#high * P64_4 + length * P64_2)
    return { high: u64(-avalanche(high)), low: avalanche(u64(this.#low + this.#high)) }
  }

  #piece(offset: number, key: number): bigint {
    return fold(read(this.#input, offset) ^ secret(key), read(this.#input, offset + 8) ^ secret(key + 8))
  }

  #sum(offset: number): bigint {
    return u64(read(this.#input, offset) + read(this.#input, offset + 8))
  }
}

const STRIPE = 64
const STRIPES_IN_A_BLOCK = 16
const LAST_KEY = SECRET.length - STRIPE

function hashLong(input: Buffer): Hash {
  const lanes = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
  const stripes = Math.floor((input.length - 1) / STRIPE)
  for (let stripe = 0; stripe < stripes; stripe++) {
    const inBlock = stripe % STRIPES_IN_A_BLOCK
    takeStripe(lanes, input, stripe * STRIPE, inBlock * 8)
    if (inBlock === STRIPES_IN_A_BLOCK - 1) scramble(lanes)
  }
  takeStripe(lanes, input, input.length - STRIPE, LAST_KEY - 7)
  const length = BigInt(input.length)
  return {
    high: merge(lanes, LAST_KEY - 11, u64(~(length * P64_2))),
    low: merge(lanes, 11, u64(length * P64_1)),
  }
}

function takeStripe(lanes: bigint[], input: Buffer, offset: number, key: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const data = read(input, offset + lane * 8)
    const keyed = data ^ secret(key + lane * 8)
    lanes[lane ^ 1] = u64(lanes[lane ^ 1]! + data)
    lanes[lane] = u64(lanes[lane]! + (keyed & LOW_32) * (keyed >> 32n))
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = lanes[lane]!
    lanes[lane] = u64((value ^ (value >> 47n) ^ secret(LAST_KEY + lane * 8)) * P32_1)
  }
}

function merge(lanes: readonly bigint[], key: number, start: bigint): bigint {
  let result = start
  for (let pair = 0; pair < 4; pair++) {
    const offset = key + pair * 16
    result += fold(lanes[pair * 2]! ^ secret(offset), lanes[pair * 2 + 1]! ^ secret(offset + 8))
  }
  return avalanche(u64(result))
}
