import type { GuestFunction } from './host.ts'

/** `provides` and `registerType`: answers in the type that the client asks for. */
export interface GuestMime {
  reset(): void
  readonly isUsed: () => boolean
  readonly contentType: () => string | undefined
  /** Runs the function whose type suits the request best. @throws GuestError `not_acceptable` */
  run(request: { headers?: Record<string, string>; query?: Record<string, string> }, ddoc: unknown): unknown
}

export function createMime(): GuestMime {
  const scope = globalThis as unknown as Record<string, unknown>
  const types: Record<string, string[]> = {}
  const keyOfType: Record<string, string> = {}
  let provided: [key: string, run: GuestFunction][] = []
  let chosen: string | undefined

  const register = (key: string, ...mimes: string[]) => {
    types[key] = mimes
    for (const mime of mimes) keyOfType[mime] = key
  }
  register('all', '*/*')
  register('text', 'text/plain; charset=utf-8', 'txt')
  register('html', 'text/html; charset=utf-8')
  register('xhtml', 'application/xhtml+xml', 'xhtml')
  register('xml', 'application/xml', 'text/xml', 'application/x-xml')
  register('js', 'text/javascript', 'application/javascript', 'application/x-javascript')
  register('css', 'text/css')
  register('ics', 'text/calendar')
  register('csv', 'text/csv')
  register('rss', 'application/rss+xml')
  register('atom', 'application/atom+xml')
  register('yaml', 'application/x-yaml', 'text/yaml')
  register('multipart_form', 'multipart/form-data')
  register('url_encoded_form', 'application/x-www-form-urlencoded')
  register('json', 'application/json', 'text/x-json')
  scope.registerType = register
  scope.provides = (key: string, run: GuestFunction) => provided.push([key, run])

  /** How well a type suits a range of an Accept header: by specificity; 0 where it does not. */
  const suits = (mime: string, range: string): number => {
    const [type = '', subtype = ''] = (mime.split(';')[0] ?? '').trim().split('/')
    const [wantedType = '', wantedSubtype = ''] = (range.split(';')[0] ?? '').trim().split('/')
    if (wantedType === '*') return 1
    if (wantedType !== type) return 0
    if (wantedSubtype === '*') return 100
    return wantedSubtype === subtype ? 110 : 0
  }

  const quality = (range: string): number => {
    const given = /;\s*q=([0-9.]+)/.exec(range)?.[1]
    return given === undefined ? 1 : Number(given)
  }

  const bestMatch = (supported: string[], accept: string): string | undefined => {
    let best: { mime: string; fitness: number; quality: number } | undefined
    for (const mime of supported) {
      for (const range of accept.split(',')) {
        const candidate = { mime, fitness: suits(mime, range), quality: quality(range) }
        if (candidate.fitness === 0 || candidate.quality === 0) continue
        const isBetter =
          best === undefined ||
          candidate.quality > best.quality ||
          (candidate.quality === best.quality && candidate.fitness >= best.fitness)
        if (isBetter) best = candidate
      }
    }
    return best?.mime
  }

  const choose = (accept: string | undefined, format: string | undefined): string | undefined => {
    if (format) {
      chosen = types[format]?.[0]
      return format
    }
    if (accept) {
      chosen = bestMatch(
        provided.toReversed().flatMap(([key]) => types[key] ?? []),
        accept,
      )
      return chosen === undefined ? undefined : keyOfType[chosen]
    }
    const first = provided[0]?.[0]
    chosen = first === undefined ? undefined : types[first]?.[0]
    return first
  }

  return {
    reset() {
      provided = []
      chosen = undefined
    },
    isUsed: () => provided.length > 0,
    contentType: () => chosen,
    run({ headers, query }, ddoc) {
      const accept = headers?.Accept
      const key = choose(accept, query?.format)
      const found = provided.find(([name]) => name === key)
      if (found !== undefined) return found[1].call(ddoc)
      const known = provided.map(([name]) => types[name]?.join(', ') ?? name).join(', ')
      const reason = `Content-Type ${String(accept ?? key)} not supported, try one of: ${known}`
      throw ['error', 'not_acceptable', reason]
    },
  }
}
