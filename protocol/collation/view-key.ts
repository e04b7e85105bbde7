import type { JsonObject, JsonValue } from '../json-value.ts'
import { KeyWriter } from './key-writer.ts'
import { writeStringKey } from './string-key.ts'

const END = 0
const NULL = 0x20
const FALSE = 0x21
const TRUE = 0x22
const NUMBER = 0x30
const STRING = 0x40
const ARRAY = 0x50
const OBJECT = 0x60

const writer = new KeyWriter()

/**
 * The sort key of a view's key: its bytes are in the order of `compareJson`, and no key is the beginning of another, so
 * that more bytes can follow.
 */
export function viewKey(value: JsonValue): Uint8Array {
  writer.clear()
  writeViewKey(value, writer)
  return writer.take()
}

export function writeViewKey(value: JsonValue, out: KeyWriter): void {
  if (typeof value === 'string') {
    out.byte(STRING)
    writeStringKey(value, out)
  } else if (typeof value === 'number') {
    out.byte(NUMBER)
    out.double(value)
  } else if (value === null) out.byte(NULL)
  else if (typeof value === 'boolean') out.byte(value ? TRUE : FALSE)
  else if (Array.isArray(value)) writeArray(value, out)
  else writeObject(value, out)
}

function writeArray(elements: JsonValue[], out: KeyWriter): void {
  out.byte(ARRAY)
  for (const element of elements) writeViewKey(element, out)
  out.byte(END)
}

/** The key of a name begins with a byte above zero, so that fewer members come first. */
function writeObject(members: JsonObject, out: KeyWriter): void {
  out.byte(OBJECT)
  for (const name of Object.keys(members)) {
    writeStringKey(name, out)
    writeViewKey(members[name] as JsonValue, out)
  }
  out.byte(END)
}
