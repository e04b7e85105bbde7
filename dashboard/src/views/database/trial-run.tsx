import { useState } from 'preact/hooks'
import { sampleTexts, type TrialResult, tryView } from '../../api/views.ts'
import { plural } from '../../lib/format.ts'
import { useAction } from '../../ui/hooks.ts'
import { Button, Empty, ErrorNotice, Field, Select, TextInput } from '../../ui/kit.tsx'
import { DocumentTable } from './document-table.tsx'

const SIZES = [
  ['20', '20 documents'],
  ['100', '100 documents'],
  ['500', '500 documents'],
] as const

interface TrialRunProps {
  readonly database: string
  readonly map: string
  readonly reduce: string
}

/** Runs functions that are not saved over some documents, and shows the rows that they give. */
export function TrialRun({ database, map, reduce }: TrialRunProps) {
  const [size, setSize] = useState('20')
  const [from, setFrom] = useState('')
  const [result, setResult] = useState<TrialResult & { documents: number }>()
  const { busy, error, run } = useAction()
  const start = () =>
    run(async () => {
      const samples = await sampleTexts(database, Number(size), from)
      setResult({ ...(await tryView(database, { map, reduce, samples })), documents: samples.length })
    })
  return (
    <section class="card" aria-label="Trial run">
      <div class="toolbar">
        <h2>Trial run</h2>
        <div>
          <Select label="How many documents" value={size} options={SIZES} onChange={setSize} />
        </div>
        <div class="search">
          <TextInput label="From this id on" placeholder="From this id on…" value={from} onInput={setFrom} />
        </div>
        <Button disabled={busy} onClick={start}>
          {busy ? 'Running…' : 'Run on sample documents'}
        </Button>
      </div>
      <ErrorNotice error={error} />
      {result === undefined ? (
        <Empty title="Nothing has been tried yet.">
          The functions run in the node’s sandbox; nothing is stored.
        </Empty>
      ) : (
        <>
          <p class="card-body muted small" role="status">
            {plural(result.rows.length, 'row')} of {plural(result.documents, 'document')}
          </p>
          {result.reduced !== undefined && (
            <div class="card-body">
              <Field label="Reduced over all rows">
                <pre class="code" tabIndex={0}>
                  {result.reduced}
                </pre>
              </Field>
            </div>
          )}
          <DocumentTable
            database={database}
            rows={result.rows.slice(0, 200)}
            columns={['key', 'value', 'id']}
          />
        </>
      )}
    </section>
  )
}
