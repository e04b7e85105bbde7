import type { HttpContext } from '../context.ts'

interface Weighted {
  readonly value: string
  readonly q: number
}

/**
 * Returns true if the `Accept` header takes a media type, by name, by its kind or as anything. Without a header
 * everything is taken. A weight of 0 refuses (mochiweb_request:accepts_content_type/2).
 */
export function acceptsType(ctx: HttpContext, type: string): boolean {
  const kind = `${type.slice(0, type.indexOf('/'))}/*`
  const listed = parseWeighted(ctx.headers.accept ?? '*/*')
  const refused = listed.some(({ value, q }) => q === 0 && (value === type || value === kind))
  return !refused && listed.some(({ value, q }) => q > 0 && [type, kind, '*/*'].includes(value))
}

/** Returns true if the `Accept-Encoding` header takes an encoding; without a header none is taken. */
export function acceptsEncoding(ctx: HttpContext, encoding: string): boolean {
  const listed = parseWeighted(String(ctx.headers['accept-encoding'] ?? ''))
  const named = listed.find(({ value }) => value === encoding) ?? listed.find(({ value }) => value === '*')
  return named !== undefined && named.q > 0
}

/** Returns false if the `Accept-Encoding` header refuses `identity`, by name or with `*`. */
export function acceptsIdentity(ctx: HttpContext): boolean {
  const listed = parseWeighted(String(ctx.headers['accept-encoding'] ?? ''))
  const named = listed.find(({ value }) => value === 'identity') ?? listed.find(({ value }) => value === '*')
  return named === undefined || named.q > 0
}

function parseWeighted(header: string): Weighted[] {
  return header.split(',').map(entry => {
    const [value = '', ...parameters] = entry.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    const q = weight === undefined ? 1 : Number(weight.slice(2))
    return { value, q: Number.isNaN(q) ? 0 : q }
  })
}
