import { useState } from 'preact/hooks'
import { deleteUser, listUsers, USERS, type UserPage, type UserRow } from '../../api/users.ts'
import { hasStatus, request } from '../../api/http.ts'
import { linkTo, type Place } from '../../lib/location.ts'
import { ConfirmButton } from '../../ui/confirm-button.tsx'
import { navigate, useAction, useResource } from '../../ui/hooks.ts'
import { Badge, Button, Empty, ErrorNotice, Loaded, Page, TextInput } from '../../ui/kit.tsx'
import { Pager } from '../../ui/pager.tsx'
import { toast } from '../../ui/toasts.tsx'
import { Admins } from './admins.tsx'
import { UserDialog } from './user-dialog.tsx'
import { ACTIONS, Table } from '../../ui/table.tsx'

/** The users of the node, their roles and passwords, and the administrators of the server. */
export default function Users({ place }: { place: Place }) {
  const { prefix = '', from } = place.params
  const users = useResource(signal => listUsers(prefix, from, signal), [prefix, from])
  const [edited, setEdited] = useState<UserRow | 'new'>()
  const close = () => setEdited(undefined)
  return (
    <Page
      title="Users"
      actions={
        <Button kind="primary" icon="plus" onClick={() => setEdited('new')}>
          Create user
        </Button>
      }
    >
      {edited !== undefined && (
        <UserDialog
          user={edited === 'new' ? undefined : edited}
          onClose={close}
          onDone={() => (close(), users.reload())}
        />
      )}
      <div class="stack">
        {hasStatus(users.error, 404) ? (
          <MissingDatabase onMade={users.reload} />
        ) : (
          <section class="card" aria-label="Users">
            <div class="toolbar">
              <div class="search">
                <TextInput
                  type="search"
                  label="Find users whose name begins with"
                  placeholder="Name begins with…"
                  value={prefix}
                  onInput={text => navigate(linkTo(['users'], { prefix: text }), { replace: true })}
                />
              </div>
            </div>
            <Loaded resource={users}>
              {page => <UserTable page={page} prefix={prefix} onEdit={setEdited} onChange={users.reload} />}
            </Loaded>
            <Pager
              first={from === undefined ? undefined : linkTo(['users'], { prefix })}
              next={
                users.data?.next === undefined
                  ? undefined
                  : linkTo(['users'], { prefix, from: users.data.next })
              }
            />
          </section>
        )}
        <Admins />
      </div>
    </Page>
  )
}

interface TableProps {
  readonly page: UserPage
  readonly prefix: string
  readonly onEdit: (user: UserRow) => void
  readonly onChange: () => void
}

function UserTable({ page, prefix, onEdit, onChange }: TableProps) {
  const { error, run } = useAction()
  const remove = (user: UserRow) =>
    run(async () => {
      await deleteUser(user)
      toast(`${user.name} is deleted.`)
      onChange()
    })
  if (page.users.length === 0) {
    return (
      <Empty title={prefix === '' ? 'There are no users yet.' : `No user’s name begins with “${prefix}”.`}>
        Administrators of the server are listed below; they need no user.
      </Empty>
    )
  }
  return (
    <>
      <ErrorNotice error={error} />
      <Table columns={['Name', 'Roles', ACTIONS]}>
        {page.users.map(user => (
          <tr key={user.name}>
            <td class="break">{user.name}</td>
            <td>
              <span class="row">
                {user.roles.map(role => (
                  <Badge key={role}>{role}</Badge>
                ))}
              </span>
            </td>
            <td class="actions">
              <span class="row end">
                <Button small label={`Edit ${user.name}`} onClick={() => onEdit(user)}>
                  Edit
                </Button>
                <ConfirmButton
                  small
                  text="Delete"
                  confirm="Really delete"
                  label={`Delete ${user.name}`}
                  onConfirm={() => remove(user)}
                />
              </span>
            </td>
          </tr>
        ))}
      </Table>
    </>
  )
}

function MissingDatabase({ onMade }: { onMade: () => void }) {
  const { busy, error, run } = useAction()
  const make = () =>
    run(async () => {
      await request('PUT', USERS)
      onMade()
    })
  return (
    <div class="card">
      <Empty title="This node has no database of users yet.">
        <ErrorNotice error={error} />
        <Button disabled={busy} onClick={make}>
          Create _users
        </Button>
      </Empty>
    </div>
  )
}
