import { useEffect, useState } from 'preact/hooks'
import type { LeafText } from '../../../api/documents.ts'
import { formatJsonText } from '../../../lib/json-text.ts'
import { shortRev } from '../../../lib/format.ts'
import { type Difference, differencesOf, mergeLeaves } from '../../../lib/merge-leaves.ts'
import { CodeEditor } from '../../../ui/editor/code-editor.tsx'
import { Button } from '../../../ui/kit.tsx'
import { problemOf } from './problem.ts'

interface MergeEditorProps {
  readonly leaves: readonly LeafText[]
  readonly busy: boolean
  readonly onResolve: (content: string) => void
}

/** Chooses the value of each member that differs; the result can be edited before it is stored. */
export function MergeEditor({ leaves, busy, onResolve }: MergeEditorProps) {
  const texts = leaves.map(({ text }) => text)
  const [picks, setPicks] = useState<Readonly<Record<string, number>>>({})
  const merged = formatJsonText(mergeLeaves(texts, picks))
  const [draft, setDraft] = useState(merged)
  useEffect(() => setDraft(merged), [merged])
  const problem = problemOf(draft)
  return (
    <div class="stack">
      <div class="card table-wrap">
        <table>
          <thead>
            <tr>
              <th>Member</th>
              {leaves.map(({ rev }) => (
                <th key={rev} title={rev}>
                  {shortRev(rev)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {differencesOf(texts).map(difference => (
              <Choice
                key={difference.name}
                difference={difference}
                picked={picks[difference.name] ?? 0}
                onPick={index => setPicks({ ...picks, [difference.name]: index })}
              />
            ))}
          </tbody>
        </table>
      </div>
      <CodeEditor language="json" label="Merged document" value={draft} onChange={setDraft} />
      <div class="row">
        <Button kind="primary" disabled={busy || problem !== undefined} onClick={() => onResolve(draft)}>
          Store the merged document
        </Button>
        <span class="small problem" role="status">
          {problem ?? ''}
        </span>
      </div>
    </div>
  )
}

interface ChoiceProps {
  readonly difference: Difference
  readonly picked: number
  readonly onPick: (index: number) => void
}

function Choice({ difference: { name, values }, picked, onPick }: ChoiceProps) {
  return (
    <tr>
      <td class="break">
        <strong>{name}</strong>
      </td>
      {values.map((value, index) => (
        <td key={index}>
          <label class="check">
            <input
              type="radio"
              name={`member ${name}`}
              checked={picked === index}
              onChange={() => onPick(index)}
            />
            <code class="break">{value ?? '(it has none)'}</code>
          </label>
        </td>
      ))}
    </tr>
  )
}
