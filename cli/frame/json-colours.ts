import type { Colour } from './colour.ts'
import { printable } from './table.ts'

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g

/** Colours JSON text without parsing it: names, strings, numbers and words each have a colour. */
export function colouredJson(text: string, paint: (text: string, colour: Colour) => string): string {
  return printable(text).replace(
    TOKEN,
    (_, string: string | undefined, colon: string | undefined, number: string | undefined, word: string) => {
      if (string !== undefined)
        return colon === undefined ? paint(string, 'green') : `${paint(string, 'blue')}${colon}`
      return number === undefined ? paint(word, 'magenta') : paint(number, 'yellow')
    },
  )
}
