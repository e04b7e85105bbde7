import type { JsonValue } from '../json-value.ts'
import { KeyWriter } from './key-writer.ts'

const END = 0
const MEMBER = 1
const NUMBER = 0x20
const FALSE = 0x30
const NULL = 0x31
const TRUE = 0x32
const OBJECT = 0x40
const ARRAY = 0x50
const STRING = 0x60
const ESCAPED_ZERO = 0xff

const writer = new KeyWriter()

/** The sort key of a view's key with `"collation": "raw"`: its bytes are in the order of `compareRaw`. */
export function rawKey(value: JsonValue): Uint8Array {
  writer.clear()
  writeRawKey(value, writer)
  return writer.take()
}

export function writeRawKey(value: JsonValue, out: KeyWriter): void {
  if (typeof value === 'string') {
    out.byte(STRING)
    writeRawString(value, out)
  } else if (typeof value === 'number') {
    out.byte(NUMBER)
    out.double(value)
  } else if (value === null) out.byte(NULL)
  else if (typeof value === 'boolean') out.byte(value ? TRUE : FALSE)
  else if (Array.isArray(value)) {
    out.byte(ARRAY)
    for (const element of value) writeRawKey(element, out)
    out.byte(END)
  } else {
    out.byte(OBJECT)
    for (const [name, member] of Object.entries(value)) {
      out.byte(MEMBER)
      writeRawString(name, out)
      writeRawKey(member, out)
    }
    out.byte(END)
  }
}

/** Writes a string. The byte after a zero distinguishes a zero in the string from its end. */
function writeRawString(text: string, out: KeyWriter): void {
  for (const byte of Buffer.from(text)) {
    out.byte(byte)
    if (byte === END) out.byte(ESCAPED_ZERO)
  }
  out.byte(END)
  out.byte(END)
}
