/**
 * The place in the dashboard: the fragment of the page's address, "#/db/orders/docs?startkey=a". Everything that
 * a view shows is in it, so that every view can be shared.
 */
export interface Place {
  /** Decoded. */
  readonly segments: readonly string[]
  readonly params: Readonly<Record<string, string>>
}

/** @param fragment with or without its number sign */
export function parsePlace(fragment: string): Place {
  const text = fragment.replace(/^#?\/?/, '')
  const question = text.indexOf('?')
  const path = question < 0 ? text : text.slice(0, question)
  const query = question < 0 ? '' : text.slice(question + 1)
  return {
    segments: path === '' ? [] : path.split('/').map(decode),
    params: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** The address of a place; parameters that are empty or undefined are left out. */
export function linkTo(
  segments: readonly string[],
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') query.set(name, value)
  }
  const text = query.toString()
  return `#/${segments.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/**
 * The target of `session.html?return=` after signing in: a path of this server. Another origin's address, and whatever a
 * browser would take for one, is refused.
 */
export function safeReturnPath(value: string | null): string | undefined {
  // eslint-disable-next-line no-control-regex
  if (value === null || !/^\/(?![/\\])/.test(value) || /[\u0000-\u001f\\]/.test(value)) return undefined
  return value
}

/** A database's or document's path in the HTTP interface. Slashes of ids are encoded; those behind `_design` are not. */
export function apiPath(...segments: readonly string[]): string {
  return segments
    .map(segment => {
      const [, kind, name] = /^(_design|_local)\/(.+)$/s.exec(segment) ?? []
      return kind === undefined || name === undefined
        ? encodeURIComponent(segment)
        : `${kind}/${encodeURIComponent(name)}`
    })
    .join('/')
}
