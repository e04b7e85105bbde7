// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/g
const PLAIN = /^[\x20-\x7e]*$/

/** What clients said as a header's value: in UTF-8, and without the control characters that would end it. */
export function headerText(text: string): string {
  return PLAIN.test(text) ? text : Buffer.from(text.replace(CONTROL, ' ')).toString('latin1')
}
