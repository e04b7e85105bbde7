import test, { type ExecutionContext } from 'ava'
import { Config } from '../../../../server/config/config.ts'
import {
  corsRules,
  type CorsRules,
  preflightHeaders,
  responseHeaders,
} from '../../../../server/http/browser/cors.ts'

const ORIGIN = 'https://app.example'

async function rules(t: ExecutionContext, settings: string[]): Promise<CorsRules | undefined> {
  const entries = settings.map(text => {
    const [name = '', value = ''] = text.split(/=(.*)/s)
    const at = name.lastIndexOf('/')
    return { section: name.slice(0, at), key: name.slice(at + 1), value }
  })
  const config = await Config.open({
    flags: {
      settings: [...entries, { section: 'admins', key: 'a', value: '-hashed-' + 'a'.repeat(40) + ',s' }],
    },
  })
  t.teardown(() => config.close())
  return corsRules(config, 'db.example:5984')
}

async function enabled(t: ExecutionContext, ...settings: string[]): Promise<CorsRules> {
  const found = await rules(t, ['chttpd/enable_cors=true', ...settings])
  if (found === undefined) throw new Error('CORS is off')
  return found
}

test('CORS is off unless enabled', async t => {
  t.is(await rules(t, ['cors/origins=*']), undefined)
})

test('without origins nobody is let in', async t => {
  t.is(responseHeaders(ORIGIN, await enabled(t), []), undefined)
})

test('only the origins in the list are let in, exactly', async t => {
  const list = await enabled(t, 'cors/origins=https://other.example, https://app.example')
  t.is(responseHeaders(ORIGIN, list, [])?.['Access-Control-Allow-Origin'], ORIGIN)
  for (const origin of ['https://app.example.evil', 'http://app.example', 'null', undefined]) {
    t.is(responseHeaders(origin, list, []), undefined)
  }
})

test('credentials are allowed where they are configured', async t => {
  const header = 'Access-Control-Allow-Credentials'
  t.is(responseHeaders(ORIGIN, await enabled(t, 'cors/origins=*'), [])?.[header], undefined)
  t.is(
    responseHeaders(ORIGIN, await enabled(t, 'cors/origins=*', 'cors/credentials=true'), [])?.[header],
    'true',
  )
})

test('a section for the host beats the general one', async t => {
  const hosted = await enabled(
    t,
    'cors/origins=*',
    'cors/max_age=5',
    'cors:db.example/origins=https://one.example',
  )
  t.is(responseHeaders(ORIGIN, hosted, []), undefined)
  t.is(hosted.maxAgeSeconds, '5')
})

test('a preflight that asks for more than is allowed is an ordinary request', async t => {
  const all = await enabled(t, 'cors/origins=*')
  const asked = { origin: ORIGIN, method: 'PUT', headers: 'Content-Type, If-Match' }
  t.is(preflightHeaders(asked, all)?.['Access-Control-Allow-Headers'], 'Content-Type, If-Match')
  t.is(preflightHeaders({ ...asked, method: 'PATCH' }, all), undefined)
  t.is(preflightHeaders({ ...asked, method: undefined }, all), undefined)
  t.is(preflightHeaders({ ...asked, headers: 'x-strange' }, all), undefined)
  const few = await enabled(t, 'cors/origins=*', 'cors/methods=GET', 'cors/headers=X-Strange')
  t.is(preflightHeaders(asked, few), undefined)
  t.truthy(preflightHeaders({ ...asked, method: 'GET', headers: 'x-strange' }, few))
})
