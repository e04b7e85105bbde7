import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

/** The page's own colours, which custom properties carry into the shadow root. */
export function editorTheme(minHeight: string): Extension {
  return [
    EditorView.theme({
      '&': { fontSize: '12.5px', color: 'var(--text)', backgroundColor: 'var(--surface)' },
      '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
      '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', minHeight, maxHeight: '70vh' },
      '.cm-content': { caretColor: 'var(--text)', padding: '8px 0' },
      '.cm-cursor': { borderLeftColor: 'var(--text)' },
      '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: 'none' },
      '.cm-selectionBackground': {
        backgroundColor: 'color-mix(in srgb, var(--focus) 25%, transparent) !important',
      },
      '.cm-tooltip': {
        backgroundColor: 'var(--raised)',
        color: 'var(--text)',
        border: '1px solid var(--line)',
      },
      '.cm-tooltip-autocomplete ul li[aria-selected]': {
        backgroundColor: 'var(--accent-soft)',
        color: 'var(--text)',
      },
      '.cm-diagnostic': { fontFamily: 'var(--font)' },
      '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--text)' },
      '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft)' },
    }),
    syntaxHighlighting(
      HighlightStyle.define([
        { tag: tags.propertyName, color: 'var(--accent)' },
        { tag: tags.string, color: 'var(--good)' },
        { tag: [tags.number, tags.bool, tags.null], color: 'var(--warn)' },
        { tag: [tags.keyword, tags.definitionKeyword], color: 'var(--info)' },
        { tag: tags.comment, color: 'var(--muted)' },
        { tag: tags.invalid, color: 'var(--bad)' },
      ]),
    ),
  ]
}
