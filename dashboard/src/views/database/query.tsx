import { useState } from 'preact/hooks'
import { listRows } from '../../api/documents.ts'
import { type Explanation, explain, find, type FindResult } from '../../api/queries.ts'
import { fieldNames, OPERATORS } from '../../lib/field-names.ts'
import { formatDuration, plural } from '../../lib/format.ts'
import { memberOf, withMember } from '../../lib/json-text.ts'
import { apiPath, linkTo } from '../../lib/location.ts'
import { CodeEditor } from '../../ui/editor/code-editor.tsx'
import { navigate, useAction, useResource } from '../../ui/hooks.ts'
import { Button, Empty, ErrorNotice, Notice, TextInput } from '../../ui/kit.tsx'
import { problemOf } from './document/problem.ts'
import { IndexList } from './index-list.tsx'
import { Plan } from './plan.tsx'
import type { DatabaseViewProps } from './props.ts'

const EXAMPLE = `{
  "selector": {
    "_id": {"$gt": null}
  },
  "limit": 25
}`

/** Mango: a query, its plan, and the indexes that it may use. The query is in the address, so that it can be shared. */
export function Query({ database, place, mayAdminister }: DatabaseViewProps) {
  const { q, partition = '' } = place.params
  const [text, setText] = useState(q ?? EXAMPLE)
  const [result, setResult] = useState<FindResult>()
  const [plan, setPlan] = useState<Explanation>()
  const { busy, error, run } = useAction()
  const fields = useResource(signal => sampleFields(database, signal), [database])
  const problem = problemOf(text)
  const keep = () => navigate(linkTo(['db', database, 'query'], { q: text, partition }), { replace: true })
  const ask = (bookmark = '') => {
    if (problem !== undefined) return
    keep()
    run(async () => {
      const query = withMember(text, 'execution_stats', 'true')
      const paged = bookmark === '' ? query : withMember(query, 'bookmark', JSON.stringify(bookmark))
      setPlan(undefined)
      setResult(await find(database, partition, paged))
    })
  }
  const explainIt = () => {
    keep()
    run(async () => {
      setResult(undefined)
      setPlan(await explain(database, partition, text))
    })
  }
  return (
    <div class="stack">
      <div class="stack tight">
        <CodeEditor
          language="json"
          label="Query"
          value={text}
          onChange={setText}
          onSave={() => ask()}
          completions={() => ({ fields: fields.data ?? [], operators: OPERATORS })}
          minHeight="150px"
        />
        <div class="row">
          <Button kind="primary" disabled={busy || problem !== undefined} onClick={() => ask()}>
            {busy ? 'Asking…' : 'Run query'}
          </Button>
          <Button disabled={busy || problem !== undefined} onClick={explainIt}>
            Explain
          </Button>
          <div class="search">
            <TextInput
              label="Partition"
              placeholder="Partition (all of them)"
              value={partition}
              onInput={value =>
                navigate(linkTo(['db', database, 'query'], { q: text, partition: value }), { replace: true })
              }
            />
          </div>
          <span class="small problem" role="status">
            {problem ?? ''}
          </span>
        </div>
      </div>
      <ErrorNotice error={error} />
      {plan !== undefined && <Plan plan={plan} />}
      {result !== undefined && (
        <Results database={database} result={result} onNext={() => ask(result.bookmark)} />
      )}
      <IndexList database={database} fields={fields.data ?? []} mayChange={mayAdminister} />
    </div>
  )
}

/** Names of fields in the first documents, for completion. */
async function sampleFields(database: string, signal: AbortSignal): Promise<string[]> {
  const page = await listRows(`${apiPath(database)}/_all_docs`, { limit: 60, include_docs: true }, signal)
  return fieldNames(page.rows.map(({ text }) => text ?? '{}'))
}

interface ResultsProps {
  readonly database: string
  readonly result: FindResult
  readonly onNext: () => void
}

function Results({ database, result, onNext }: ResultsProps) {
  const { documents, warning, stats } = result
  return (
    <section class="card" aria-label="Results">
      <div class="card-head">
        <h2>{plural(documents.length, 'document')}</h2>
        <span class="muted small">
          {stats?.total_docs_examined !== undefined &&
            `${plural(stats.total_docs_examined, 'document')} examined`}
          {stats?.execution_time_ms !== undefined && `, ${formatDuration(stats.execution_time_ms)}`}
        </span>
      </div>
      {warning !== undefined && (
        <div class="card-body">
          <Notice tone="warn">{warning}</Notice>
        </div>
      )}
      {documents.length === 0 ? (
        <Empty title="No document matches." />
      ) : (
        <div class="table-wrap">
          <table>
            <tbody>
              {documents.map((text, index) => (
                <tr key={index}>
                  <td class="break">
                    <DocumentLink database={database} text={text} />
                  </td>
                  <td>
                    <code class="break">{text.length > 600 ? `${text.slice(0, 600)}…` : text}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {documents.length > 0 && (
        <div class="card-foot row end">
          <Button small onClick={onNext}>
            Next page
          </Button>
        </div>
      )}
    </section>
  )
}

function DocumentLink({ database, text }: { database: string; text: string }) {
  const source = memberOf(text, '_id')
  if (source === undefined) return null
  const id = String(JSON.parse(source))
  return <a href={linkTo(['db', database, 'doc', id])}>{id}</a>
}
