import { useState } from 'preact/hooks'
import { createDatabase } from '../../api/databases.ts'
import { linkTo } from '../../lib/location.ts'
import { navigate, useAction } from '../../ui/hooks.ts'
import { Button, Check, Dialog, ErrorNotice, Field, TextInput } from '../../ui/kit.tsx'

const NAME = /^[a-z][a-z0-9_$()+/-]*$/

export function CreateDatabase({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [partitioned, setPartitioned] = useState(false)
  const { busy, error, run } = useAction()
  const isValid = name === '' || NAME.test(name) || name.startsWith('_')
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      await createDatabase(name, partitioned)
      onClose()
      navigate(linkTo(['db', name]))
    })
  }
  return (
    <Dialog title="Create a database" onClose={onClose}>
      <form class="stack" style={{ padding: 0 }} onSubmit={submit}>
        <ErrorNotice error={error} />
        <Field label="Name" hint="begins with a letter; small letters, digits and _ $ ( ) + - / may follow">
          <TextInput value={name} onInput={setName} autofocus required invalid={!isValid} />
        </Field>
        <Check checked={partitioned} onChange={setPartitioned}>
          Partitioned: document ids are written <code>partition:id</code>, and queries can read one partition
          alone. This cannot be changed later.
        </Check>
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy || !isValid || name === ''}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
