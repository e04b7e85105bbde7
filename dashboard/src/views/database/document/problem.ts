import { JsonTextError, parseJsonText } from '../../../lib/json-text.ts'

/** The reason why a text is no document, with its line; `undefined` where nothing does. */
export function problemOf(text: string): string | undefined {
  try {
    const { kind } = parseJsonText(text)
    return kind === 'object' ? undefined : 'A document is an object: it begins with { and ends with }.'
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    return `Line ${text.slice(0, error.offset).split('\n').length}: ${error.message}`
  }
}
