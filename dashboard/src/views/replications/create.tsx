import { useState } from 'preact/hooks'
import {
  checkEnds,
  type CheckResult,
  createReplication,
  type Endpoint,
  type NewReplication,
} from '../../api/replications.ts'
import { JsonTextError, parseJsonText } from '../../lib/json-text.ts'
import { linkTo } from '../../lib/location.ts'
import { adviceFor } from '../../lib/replication-job.ts'
import { CodeEditor } from '../../ui/editor/code-editor.tsx'
import { navigate, useAction } from '../../ui/hooks.ts'
import { Button, Check, ErrorNotice, Field, Notice, Page, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EndpointFields, EMPTY_END, type EndForm, endpointOf } from './endpoint-fields.tsx'

/** The form for a replication. It is saved only when the node has opened both sides. */
export function CreateReplication({ params }: { params: Readonly<Record<string, string>> }) {
  const [id, setId] = useState('')
  const [source, setSource] = useState<EndForm>({ ...EMPTY_END, database: params.source ?? '' })
  const [target, setTarget] = useState<EndForm>({ ...EMPTY_END, database: params.target ?? '' })
  const [continuous, setContinuous] = useState(true)
  const [createTarget, setCreateTarget] = useState(true)
  const [selector, setSelector] = useState('')
  const [check, setCheck] = useState<CheckResult>()
  const { busy, error, run } = useAction()
  const ends = { source: endpointOf(source), target: endpointOf(target) }
  const wanted: NewReplication = { id, ...ends, continuous, createTarget, selector }
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      const result = await checkBeforeSaving(wanted)
      setCheck(result)
      if (!result.ok) return
      const made = await createReplication(wanted)
      toast('Both sides answer. The replication is created.')
      navigate(linkTo(['replications', 'job', '_replicator', made]))
    })
  }
  return (
    <Page
      title="Create a replication"
      crumbs={[{ text: 'Replications', link: linkTo(['replications']) }]}
      lead="This node opens both sides before anything is saved. Passwords are kept in the replication’s document; use a user who may do no more than this."
    >
      <form class="stack" onSubmit={submit}>
        <div class="columns">
          <EndpointFields title="From" value={source} onChange={setSource} />
          <EndpointFields title="To" value={target} onChange={setTarget} />
        </div>
        <div class="card pad stack">
          <Field label="Name" hint="of the document in _replicator">
            <TextInput value={id} onInput={setId} required placeholder="orders-to-backup" />
          </Field>
          <Check checked={continuous} onChange={setContinuous}>
            Follow the source for good; otherwise copy once what is there now
          </Check>
          <Check checked={createTarget} onChange={setCreateTarget}>
            Create the target when it is missing
          </Check>
          <details>
            <summary>Only some documents</summary>
            <div class="stack tight">
              <p class="muted small">
                A selector chooses them, such as <code>{'{"type": "order"}'}</code>.
              </p>
              <CodeEditor
                language="json"
                label="Selector"
                value={selector}
                onChange={setSelector}
                minHeight="90px"
              />
            </div>
          </details>
        </div>
        <ErrorNotice error={error} />
        {check?.ok === false && <Refused message={check.message} />}
        <div class="row">
          <Button type="submit" kind="primary" disabled={busy}>
            {busy ? 'Checking both sides…' : 'Check and create'}
          </Button>
        </div>
      </form>
    </Page>
  )
}

function Refused({ message }: { message: string }) {
  const advice = adviceFor(message)
  return (
    <Notice tone="bad">
      <p>
        <strong>Nothing was saved.</strong> {advice}
      </p>
      <p class="small break">{message}</p>
    </Notice>
  )
}

async function checkBeforeSaving(wanted: NewReplication): Promise<CheckResult> {
  const problem = selectorProblem(wanted.selector)
  if (problem !== undefined) return { ok: false, message: problem }
  const result = await checkEnds(wanted.source, wanted.target)
  if (result.ok || !wanted.createTarget || !isMissing(result, wanted.target)) return result
  // The target will be made; the source is checked against itself.
  return checkEnds(wanted.source, wanted.source)
}

function isMissing({ message }: CheckResult, { url }: Endpoint): boolean {
  return message.startsWith('db_not_found') && message.replace(/\/$/, '').endsWith(url.replace(/\/$/, ''))
}

function selectorProblem(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    return parseJsonText(text).kind === 'object' ? undefined : 'The selector must be an object.'
  } catch (error) {
    if (error instanceof JsonTextError) return `The selector is not JSON: ${error.message}`
    throw error
  }
}
