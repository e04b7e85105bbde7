import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { isAdmin, NOBODY, type User } from '../api/session.ts'

export interface Session {
  readonly user: User
  readonly admin: boolean
  readonly reload: () => Promise<void>
}

export const SessionContext = createContext<Session>({
  user: NOBODY,
  admin: false,
  reload: () => Promise.resolve(),
})

/** The signed-in user; what they may not do is not shown. */
export function useSession(): Session {
  return useContext(SessionContext)
}

export function sessionOf(user: User, reload: () => Promise<void>): Session {
  return { user, admin: isAdmin(user), reload }
}
