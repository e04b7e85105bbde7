import { MAX_HEADER_TEXT } from '../../../protocol/multipart/related.ts'

// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/g
const PLAIN = /^[\x20-\x7e]*$/

/** Encodes text of a client as a header's value: UTF-8, with a space for each control character, which could end it. */
export function headerText(text: string): string {
  return PLAIN.test(text) ? text : Buffer.from(text.replace(CONTROL, ' ')).toString('latin1')
}

/** Encodes stored text as a header's value; undefined where it is too long to be one. */
export function storedHeaderText(text: string): string | undefined {
  return text.length > MAX_HEADER_TEXT ? undefined : headerText(text)
}
