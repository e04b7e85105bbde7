/** The user of a request: CouchDB's `userCtx`. */
export interface UserContext {
  /** `null` for anonymous requests. */
  readonly name: string | null
  readonly roles: readonly string[]
  /** The handler that knew the user: "default", "cookie", "jwt" or "proxy". */
  readonly authenticated?: string
}

/** The role of the server's administrators. */
export const SERVER_ADMIN_ROLE = '_admin'

/** The role that may read statistics and nothing else. */
export const METRICS_ROLE = '_metrics'

export const ANONYMOUS: UserContext = { name: null, roles: [] }

/** The server itself, for what it does on its own account. */
export const SERVER: UserContext = { name: null, roles: [SERVER_ADMIN_ROLE] }

/** Returns whether this server knows the user's roles itself: those of others a token or a trusted proxy vouches for. */
export function isStoredUser({ authenticated }: UserContext): boolean {
  return authenticated === 'default' || authenticated === 'cookie'
}

/** The job that copies the source of a follower into it: nobody else writes documents there. */
export const FOLLOWER_JOB: UserContext = { ...SERVER, authenticated: 'follower' }

export function isFollowerJob({ authenticated }: UserContext): boolean {
  return authenticated === FOLLOWER_JOB.authenticated
}

export function isServerAdmin({ roles }: UserContext): boolean {
  return roles.includes(SERVER_ADMIN_ROLE)
}
