// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/g
const PLAIN = /^[\x20-\x7e]*$/

/** Encodes text of a client as a header's value: UTF-8, with a space for each control character, which could end it. */
export function headerText(text: string): string {
  return PLAIN.test(text) ? text : Buffer.from(text.replace(CONTROL, ' ')).toString('latin1')
}

/** Most characters of a header that is made of stored data: clients read some 16 KiB of headers, in all. */
const MAX_STORED_TEXT = 4096

/** Encodes stored text as a header's value; undefined where it is too long to be one. */
export function storedHeaderText(text: string): string | undefined {
  return text.length > MAX_STORED_TEXT ? undefined : headerText(text)
}
