import fc from 'fast-check'
import type { RequestSpec, Scenario, Step } from '../helpers/replay/scenario.ts'

/** A request as it goes over the wire, without the headers that every one has. */
export interface WireRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Requests that would end the server, lock the tests out of it, start jobs, or wait for changes. */
const LEFT_OUT = /_restart|_config\/(?!test)|_reload|maintenance|admins|_replicat|feed=/

/** Values that break assumptions: ends of ranges, wrong types, deep and long things. */
const ODD_VALUES = [
  'null',
  'true',
  '0',
  '-1',
  '9007199254740993',
  '-9223372036854775809',
  '1e400',
  '0.1e-7',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"_"',
  '"' + 'x'.repeat(5000) + '"',
  '[]',
  '{}',
  '[[[[[[[[[[]]]]]]]]]]',
  '{"__proto__":{"a":1}}',
  '{"a":1,"a":2}',
  '"_design/x"',
  '"1-abc"',
  '"99999999999999999999-abc"',
]

const ODD_TEXT = [
  '%00',
  '%2F',
  '%',
  '%zz',
  '..',
  '/',
  '//',
  '?',
  '&',
  '=',
  '+',
  '"',
  '\\',
  'é',
  '_',
  '[',
  '{',
  ':',
  ' ',
  '%C3',
]

/** Requests of the recordings, of one database `db`. */
export function recordedRequests(scenarios: readonly Scenario[]): readonly WireRequest[] {
  const all = scenarios.flatMap(({ steps }) => steps.flatMap(requestsOf))
  const wire = all.map(toWire).filter(({ path }) => !LEFT_OUT.test(path))
  const unique = new Map(
    wire.map(request => [`${request.method} ${request.path} ${request.body.toString('latin1')}`, request]),
  )
  return [...unique.values()]
}

function requestsOf({ request }: Step): RequestSpec[] {
  return request === undefined ? [] : [request]
}

function toWire({ method, path, query = {}, headers = {}, body, text, base64 }: RequestSpec): WireRequest {
  const pairs = Object.entries(query).map(([name, value]) => {
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    return `${encodeURIComponent(name)}=${encodeURIComponent(shown)}`
  })
  const full = path + (pairs.length === 0 ? '' : `${path.includes('?') ? '&' : '?'}${pairs.join('&')}`)
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const sent =
    base64 !== undefined
      ? Buffer.from(base64, 'base64')
      : Buffer.from(text ?? (body === undefined ? '' : JSON.stringify(body)))
  return {
    method,
    path: placeholders(full).replace(/[^\x21-\x7e]/g, encodeURIComponent),
    headers: { ...json, ...kept(headers) },
    body: Buffer.from(placeholders(sent.toString('latin1')), 'latin1'),
  }
}

/** Databases become `db`, and what a recording saved a revision-like text. */
function placeholders(text: string): string {
  return text
    .replaceAll(/\{db\d?\}|%7Bdb\d?%7D/g, 'db')
    .replaceAll(/\{(\w+)\}|%7B(\w+)%7D/g, '1-967a00dff5e02add41819138abb3284d')
}

function kept(headers: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === null || /^(authorization|cookie|content-length|host)$/i.test(name)
        ? []
        : [[name, placeholders(value)]],
    ),
  )
}

type Mutation = (request: WireRequest) => WireRequest

const at = fc.nat(10_000)

const byteOfBody = fc.tuple(at, fc.nat(255)).map(([index, byte]): Mutation => request => {
  if (request.body.length === 0) return request
  const body = Buffer.from(request.body)
  body[index % body.length] = byte
  return { ...request, body }
})

const cutBody = at.map((index): Mutation => request => ({
  ...request,
  body: request.body.subarray(0, index % (request.body.length + 1)),
}))

/** Puts an odd value in the place of a value of the body's JSON. */
const valueOfBody = fc.tuple(at, fc.constantFrom(...ODD_VALUES)).map(([index, odd]): Mutation => request => {
  const text = request.body.toString('latin1')
  const values = [
    ...text.matchAll(/(?<=[:[,])(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|\{\}|\[[^[\]{}]*\])/g),
  ]
  const value = values[index % values.length]
  if (value === undefined) return request
  const body = text.slice(0, value.index) + odd + text.slice(value.index + value[0].length)
  return { ...request, body: Buffer.from(body, 'latin1') }
})

const textOfPath = fc.tuple(at, fc.constantFrom(...ODD_TEXT)).map(([index, odd]): Mutation => request => {
  const place = 1 + (index % request.path.length)
  return { ...request, path: request.path.slice(0, place) + odd + request.path.slice(place) }
})

const valueOfQuery = fc.tuple(at, fc.constantFrom(...ODD_VALUES)).map(([index, odd]): Mutation => request => {
  const [path = '', query = ''] = request.path.split('?', 2)
  const pairs = query.split('&')
  const name = pairs[index % pairs.length]?.split('=')[0] ?? ''
  pairs[index % pairs.length] =
    `${name === '' ? 'key' : name}=${encodeURIComponent(odd.replace(/\\ud800/, 'x'))}`
  return { ...request, path: `${path}?${pairs.join('&')}` }
})

const method = fc
  .constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'COPY', 'OPTIONS', 'PATCH')
  .map((name): Mutation => request => ({ ...request, method: name }))

const header = fc
  .tuple(
    fc.constantFrom(
      'accept',
      'content-type',
      'if-none-match',
      'range',
      'destination',
      'content-encoding',
      'last-event-id',
      'x-couch-full-commit',
      'origin',
      'cookie',
      'expect',
    ),
    fc.constantFrom(
      '',
      '*/*',
      'application/json',
      'multipart/related; boundary=x',
      'multipart/mixed',
      'text/event-stream',
      'gzip',
      'bytes=-1',
      'bytes=9-2,1-',
      '"x"',
      'db2',
      '../x?rev=1',
      'AuthSession=x',
      '100-continue',
      'a'.repeat(3000),
    ),
  )
  .map(([name, value]): Mutation => request => ({
    ...request,
    headers: { ...request.headers, [name]: value },
  }))

const mutation = fc.oneof(
  byteOfBody,
  cutBody,
  valueOfBody,
  valueOfBody,
  textOfPath,
  valueOfQuery,
  method,
  header,
)

/** A recorded request with one to four changes. */
export function mutatedRequest(requests: readonly WireRequest[]): fc.Arbitrary<WireRequest> {
  return fc
    .tuple(fc.constantFrom(...requests), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([request, mutations]) => mutations.reduce((changed, mutate) => mutate(changed), request))
}
