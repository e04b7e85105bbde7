import { useCallback, useEffect, useState } from 'preact/hooks'
import { messageOf, onUnauthorized } from './api/http.ts'
import { fetchUser, type User } from './api/session.ts'
import { safeReturnPath } from './lib/location.ts'
import { Button, Loading, Notice } from './ui/kit.tsx'
import { SessionContext, sessionOf } from './ui/session.tsx'
import { Toasts } from './ui/toasts.tsx'
import { Shell } from './views/shell.tsx'
import { SignIn } from './views/sign-in.tsx'

/** `session.html?return=…&reason=…`: CouchDB's way to ask a browser to sign in. */
const QUERY = new URLSearchParams(location.search)
const RETURN_PATH = safeReturnPath(QUERY.get('return'))

/** Finds out who is there, and shows the page for signing in or the dashboard. */
export function App() {
  const [user, setUser] = useState<User>()
  const [error, setError] = useState<unknown>()
  const [expired, setExpired] = useState(false)
  const load = useCallback(async () => {
    try {
      setUser(await fetchUser())
      setError(undefined)
    } catch (failure) {
      setError(failure)
    }
  }, [])
  useEffect(() => void load(), [load])
  const name = user?.name ?? null
  useEffect(() => watchExpiry(name, () => (setExpired(true), setUser({ name: null, roles: [] }))), [name])

  if (error !== undefined) return <Unreachable error={error} retry={() => void load()} />
  if (user === undefined) return <Loading what="Asking the node who you are…" />
  const isParty = user.name === null && user.roles.includes('_admin')
  if (user.name === null && !isParty) {
    const reason = expired ? 'Your session has ended. Sign in to go on where you were.' : QUERY.get('reason')
    return <SignIn reason={reason} onDone={() => signedIn(load, () => setExpired(false))} />
  }
  return (
    <SessionContext.Provider value={sessionOf(user, load)}>
      <Shell />
      <Toasts />
    </SessionContext.Provider>
  )
}

/** Goes back to the protected page that led here, or on with the view that the address names. */
async function signedIn(load: () => Promise<void>, done: () => void): Promise<void> {
  if (RETURN_PATH !== undefined) {
    location.replace(RETURN_PATH)
    return
  }
  await load()
  done()
}

/** An answer of 401 is also given to users without a right, so the node is asked whether the session still holds. */
function watchExpiry(name: string | null, onExpired: () => void): () => void {
  if (name === null) return () => undefined
  let asking = false
  return onUnauthorized(() => {
    if (asking) return
    asking = true
    fetchUser()
      .then(user => {
        if (user.name !== name) onExpired()
      })
      .catch(() => undefined)
      .finally(() => (asking = false))
  })
}

function Unreachable({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main class="sign-in">
      <div class="stack">
        <Notice tone="bad">{messageOf(error)}</Notice>
        <Button icon="refresh" onClick={retry}>
          Try again
        </Button>
      </div>
    </main>
  )
}
