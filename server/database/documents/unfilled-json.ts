import { FieldLocator } from '../../../protocol/json/field-locator.ts'
import type { StoredAttachment } from './body-record.ts'

/** Attachment whose data an answer has inline, in base64. */
export type InlineData = Pick<StoredAttachment, 'name' | 'content' | 'encoding'>

/** Place of an attachment's data in JSON text: between the quotes of a string that is empty until then. */
export interface DataPlace {
  /** Bytes of the text in front of the data. */
  readonly offset: number
  readonly data: InlineData
}

/**
 * JSON text with the data of attachments left out, which may be larger than memory and is filled in while the answer is
 * sent (`inline-data.ts`).
 */
export class UnfilledJson {
  /** The text, in which the strings for data are empty. */
  readonly bytes: Buffer
  /** In the order of the text. */
  readonly places: readonly DataPlace[]

  constructor(bytes: Buffer, places: readonly DataPlace[]) {
    this.bytes = bytes
    this.places = places
  }

  /** Bytes without the data. */
  get length(): number {
    return this.bytes.length
  }

  /**
   * Applies a function to a document's text. It may leave out and reorder members: data has a place wherever the result
   * still has its string under `_attachments`.
   *
   * @param change returns JSON without white space
   */
  through(change: (document: Buffer) => Buffer): UnfilledJson {
    const bytes = change(this.bytes)
    if (bytes === this.bytes) return this
    const locator = new FieldLocator(this.places.map(({ data }) => ['_attachments', data.name, 'data']))
    locator.locate(bytes)
    const places = this.places
      .map(({ data }, index) => ({ offset: locator.starts[index]! + 1, data }))
      .filter(({ offset }) => offset > 0)
      .toSorted((a, b) => a.offset - b.offset)
    return new UnfilledJson(bytes, places)
  }
}

/** JSON text, and between its pieces the data that belongs there. */
export type TextAroundData = readonly (string | InlineData)[]

/** Returns the text with the strings for data left empty. */
export function textWithoutData(pieces: TextAroundData): string {
  return pieces.filter(piece => typeof piece === 'string').join('')
}

/** Returns where data belongs in a text that ends with these pieces. @param end offset behind them, in bytes */
export function placesBefore(end: number, pieces: TextAroundData): DataPlace[] {
  const places: DataPlace[] = []
  let offset = end - Buffer.byteLength(textWithoutData(pieces))
  for (const piece of pieces) {
    if (typeof piece === 'string') offset += Buffer.byteLength(piece)
    else places.push({ offset, data: piece })
  }
  return places
}
