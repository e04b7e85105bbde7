import { getJson, hasStatus, sendJson } from './http.ts'

export interface User {
  /** Null for nobody. */
  readonly name: string | null
  readonly roles: readonly string[]
}

interface SessionAnswer {
  readonly userCtx: User
}

export async function fetchUser(): Promise<User> {
  try {
    return (await getJson<SessionAnswer>('_session')).userCtx
  } catch (error) {
    if (hasStatus(error, 401)) return NOBODY
    throw error
  }
}

export const NOBODY: User = { name: null, roles: [] }

export async function signIn(name: string, password: string): Promise<void> {
  await sendJson('POST', '_session', { json: { name, password } })
}

export async function signOut(): Promise<void> {
  await sendJson('DELETE', '_session')
}

export function isAdmin({ roles }: User): boolean {
  return roles.includes('_admin')
}
