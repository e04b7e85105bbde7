import type { ServerResponse } from 'node:http'

/** Returns whether a client has left or was answered: no event of the answer's end comes any more. HTTP/2's answers say so by their stream alone. */
export function isClosed(res: ServerResponse): boolean {
  if (res.destroyed || res.closed) return true
  const { stream } = res as { readonly stream?: { readonly destroyed: boolean } }
  return stream?.destroyed === true
}
