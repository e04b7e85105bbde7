import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { json } from '@codemirror/lang-json'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { type Diagnostic, linter, lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view'
import { JsonTextError, parseJsonText } from '../../lib/json-text.ts'
import { completeWords, type Completions } from './completions.ts'
import { editorTheme } from './editor-theme.ts'

export interface EditorOptions {
  readonly text: string
  readonly language: 'json' | 'javascript'
  /** Name of the content, for screen readers. */
  readonly label: string
  readonly readOnly?: boolean
  readonly onChange: (text: string) => void
  /** Called for Ctrl+S and Cmd+S. */
  readonly onSave?: () => void
  /** Words offered while somebody types, asked for each time. */
  readonly completions?: () => Completions
  readonly minHeight?: string
}

export interface EditorHandle {
  readonly setText: (text: string) => void
  readonly destroy: () => void
}

/** Builds the editor in a shadow root: there its style sheets are adopted, which the page's policy allows. */
export function createEditor(host: HTMLElement, options: EditorOptions): EditorHandle {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  root.replaceChildren()
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: options.text, extensions: extensionsOf(options) }),
  })
  return {
    setText: text => {
      if (text === view.state.doc.toString()) return
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
    },
    destroy: () => view.destroy(),
  }
}

function extensionsOf(options: EditorOptions): Extension[] {
  const save = { key: 'Mod-s', preventDefault: true, run: () => (options.onSave?.(), true) }
  return [
    lineNumbers(),
    foldGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    keymap.of([
      save,
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    options.language === 'json' ? [json(), linter(jsonProblems, { delay: 300 })] : javascript(),
    autocompletion(
      options.completions === undefined ? {} : { override: [completeWords(options.completions)] },
    ),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': options.label }),
    EditorState.readOnly.of(options.readOnly === true),
    EditorView.editable.of(options.readOnly !== true),
    EditorView.updateListener.of(update => {
      if (update.docChanged) options.onChange(update.state.doc.toString())
    }),
    editorTheme(options.minHeight ?? '240px'),
  ]
}

/** The first place where the text is not JSON, with a sentence that says what is missing. */
function jsonProblems(view: EditorView): Diagnostic[] {
  const text = view.state.doc.toString()
  if (text.trim() === '') return []
  try {
    parseJsonText(text)
    return []
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    const from = Math.min(error.offset, text.length)
    return [{ from, to: Math.min(from + 1, text.length), severity: 'error', message: error.message }]
  }
}
