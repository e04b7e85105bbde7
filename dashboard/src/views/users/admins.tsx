import { useState } from 'preact/hooks'
import { deleteAdmin, listAdmins, putAdmin } from '../../api/users.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { useAction, useResource } from '../../ui/hooks.ts'
import { Badge, Button, ErrorNotice, Field, Loaded, TextInput } from '../../ui/kit.tsx'
import { useSession } from '../../ui/session.tsx'
import { toast } from '../../ui/toasts.tsx'

/** The administrators of the server, who are part of its configuration. */
export function Admins() {
  const { user } = useSession()
  const admins = useResource(listAdmins, [])
  const removal = useAction()
  const remove = (name: string) =>
    removal.run(async () => {
      await deleteAdmin(name)
      toast(`${name} is no longer an administrator.`)
      admins.reload()
    })
  return (
    <section class="card" aria-label="Administrators of the server">
      <div class="card-head">
        <h2>Administrators of the server</h2>
        <span class="muted small">may do everything, on all databases</span>
      </div>
      <ErrorNotice error={removal.error} />
      <Loaded resource={admins}>
        {names => (
          <div class="table-wrap">
            <table>
              <tbody>
                {names.map(name => (
                  <tr key={name}>
                    <td class="break">
                      {name} {name === user.name && <Badge>you</Badge>}
                    </td>
                    <td class="actions">
                      {name !== user.name && (
                        <ConfirmButton
                          small
                          text="Remove"
                          confirm="Really remove"
                          label={`Remove the administrator ${name}`}
                          onConfirm={() => remove(name)}
                        />
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      <AdminForm onDone={admins.reload} />
    </section>
  )
}

function AdminForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useAction()
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      await putAdmin(name, password)
      toast(`${name} is an administrator with this password.`)
      setName('')
      setPassword('')
      onDone()
    })
  }
  return (
    <form class="card-foot stack tight" onSubmit={submit}>
      <ErrorNotice error={error} />
      <div class="row">
        <div class="search">
          <Field label="Administrator" hint="a new one, or whose password is set">
            <TextInput value={name} onInput={setName} required />
          </Field>
        </div>
        <div class="search">
          <Field label="Administrator’s password">
            <TextInput
              type="password"
              autocomplete="new-password"
              value={password}
              onInput={setPassword}
              required
            />
          </Field>
        </div>
      </div>
      <div>
        <Button type="submit" disabled={busy}>
          Set administrator
        </Button>
      </div>
    </form>
  )
}
