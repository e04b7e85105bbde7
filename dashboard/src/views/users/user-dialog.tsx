import { useState } from 'preact/hooks'
import { changeUser, createUser, type UserRow } from '../../api/users.ts'
import { useAction } from '../../ui/hooks.ts'
import { Button, Dialog, ErrorNotice, Field, TextInput } from '../../ui/kit.tsx'
import { toast } from '../../ui/toasts.tsx'

interface UserDialogProps {
  /** Undefined for a new one. */
  readonly user: UserRow | undefined
  readonly onClose: () => void
  readonly onDone: () => void
}

export function UserDialog({ user, onClose, onDone }: UserDialogProps) {
  const [name, setName] = useState(user?.name ?? '')
  const [roles, setRoles] = useState(user?.roles.join(', ') ?? '')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useAction()
  const submit = (event: Event) => {
    event.preventDefault()
    const change = {
      name,
      password,
      roles: roles
        .split(',')
        .map(role => role.trim())
        .filter(role => role !== ''),
    }
    run(async () => {
      await (user === undefined ? createUser(change) : changeUser(change))
      toast(user === undefined ? `${name} is created.` : `${name} is changed.`)
      onDone()
    })
  }
  return (
    <Dialog title={user === undefined ? 'Create a user' : `Edit ${user.name}`} onClose={onClose}>
      <form class="stack" style={{ padding: 0 }} onSubmit={submit}>
        <ErrorNotice error={error} />
        {user === undefined && (
          <Field label="Name">
            <TextInput value={name} onInput={setName} autofocus required />
          </Field>
        )}
        <Field label="Roles" hint="divided by commas">
          <TextInput value={roles} onInput={setRoles} placeholder="editor, _metrics" />
        </Field>
        <Field
          label="Password"
          hint={user === undefined ? '' : 'empty to leave it as it is; a new one ends the sessions'}
        >
          <TextInput
            type="password"
            autocomplete="new-password"
            value={password}
            onInput={setPassword}
            required={user === undefined}
          />
        </Field>
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy}>
            {user === undefined ? 'Create' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
