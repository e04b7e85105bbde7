import { useEffect, useRef, useState } from 'preact/hooks'
import type { EditorHandle, EditorOptions } from './create-editor.ts'

export interface CodeEditorProps extends Omit<EditorOptions, 'onChange' | 'text'> {
  readonly value: string
  readonly onChange: (text: string) => void
}

/**
 * An editor for JSON and JavaScript. Its script is loaded when the first one is shown; until then, and where that fails,
 * a plain text field takes its place.
 */
export function CodeEditor(props: CodeEditorProps) {
  const { value, onChange, label } = props
  const host = useRef<HTMLDivElement>(null)
  const handle = useRef<EditorHandle | undefined>(undefined)
  const latest = useRef(onChange)
  const [ready, setReady] = useState(false)
  latest.current = onChange
  const text = useRef(value)
  text.current = value
  useEffect(() => {
    let gone = false
    import('./create-editor.ts').then(
      ({ createEditor }) => {
        if (gone || host.current === null) return
        handle.current = createEditor(host.current, {
          ...props,
          text: text.current,
          onChange: changed => latest.current(changed),
        })
        setReady(true)
      },
      () => undefined,
    )
    return () => {
      gone = true
      handle.current?.destroy()
      handle.current = undefined
    }
  }, [])
  useEffect(() => handle.current?.setText(value), [value])
  return (
    <div class="editor" onKeyDown={event => event.key === 'Escape' && host.current?.focus()}>
      <div ref={host} tabIndex={-1} />
      {!ready && (
        <textarea
          aria-label={label}
          value={value}
          readOnly={props.readOnly === true}
          spellcheck={false}
          onInput={event => onChange(event.currentTarget.value)}
        />
      )}
    </div>
  )
}
