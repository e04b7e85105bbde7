import type { CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'

export interface Completions {
  /** Names of fields in the documents of the database. */
  readonly fields: readonly string[]
  /** Operators of selectors, with what each does. */
  readonly operators: Readonly<Record<string, string>>
}

/** Offers operators behind a dollar sign, and names of fields at the beginning of a string. */
export function completeWords(completions: () => Completions): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/"?[$\w.]*/)
    if (word === null || (word.text === '' && !context.explicit)) return null
    const quoted = word.text.startsWith('"')
    const { fields, operators } = completions()
    const insert = (text: string) => (quoted ? `"${text}` : `"${text}"`)
    return {
      from: word.from,
      options: [
        ...fields.map(name => ({ label: insert(name), displayLabel: name, type: 'property' })),
        ...Object.entries(operators).map(([name, detail]) => ({
          label: insert(name),
          displayLabel: name,
          detail,
          type: 'keyword',
        })),
      ],
      validFor: /^"?[$\w.]*$/,
    }
  }
}
