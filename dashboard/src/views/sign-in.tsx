import { useEffect, useState } from 'preact/hooks'
import { signIn } from '../api/session.ts'
import { useAction } from '../ui/hooks.ts'
import { Button, ErrorNotice, Field, Notice, TextInput } from '../ui/kit.tsx'
import { Logo } from '../ui/logo.tsx'

export function SignIn({ reason, onDone }: { reason: string | null; onDone: () => Promise<void> }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const { busy, error, run } = useAction()
  useEffect(() => {
    document.title = 'Sign in · Couchette'
  }, [])
  const submit = (event: Event) => {
    event.preventDefault()
    run(async () => {
      await signIn(name, password)
      await onDone()
    })
  }
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <div class="brand">
          <Logo /> Couchette
        </div>
        <h1>Sign in to {location.host}</h1>
        {reason !== null && error === undefined && <Notice>{reason}</Notice>}
        <ErrorNotice error={error} />
        <Field label="Name">
          <TextInput value={name} onInput={setName} name="name" autocomplete="username" autofocus required />
        </Field>
        <Field label="Password">
          <TextInput
            value={password}
            onInput={setPassword}
            type="password"
            name="password"
            autocomplete="current-password"
            required
          />
        </Field>
        <Button type="submit" kind="primary" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </main>
  )
}
