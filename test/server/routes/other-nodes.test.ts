import test from 'ava'
import { checkAnswers, refused } from '../../helpers/answers.ts'
import { ADMIN, securedServer } from '../../helpers/secured-server.ts'

const lost = refused('not_found', 'no such node: other@host')
const down = refused('nodedown', 'nonode@nohost is down')
const OTHER = '/_node/other@host'
const UNNAMED = '/_node/nonode@nohost'

test('another node is not there, and one without a name is down', async t => {
  const { server } = await securedServer(t)
  const authorization = `Basic ${Buffer.from(ADMIN).toString('base64')}`
  const paths = ['', '/_config', '/_config/log', '/_config/log/level', '/_stats', '/_system', '/_prometheus']
  const reads = paths.flatMap(path => [
    { method: 'GET', path: OTHER + path, status: 404, answer: lost },
    { method: 'GET', path: UNNAMED + path, status: 412, answer: down },
  ])
  const closed = refused('forbidden', 'Config section blacklisted for modification over HTTP API.')
  const exchanges = [
    ...reads,
    { method: 'POST', path: `${OTHER}/_restart`, status: 404, answer: lost },
    { method: 'POST', path: `${UNNAMED}/_config/_reload`, status: 412, answer: down },
    { method: 'PUT', path: `${OTHER}/_config/log/level`, body: 'info', status: 400 },
    { method: 'PUT', path: `${OTHER}/_config/log/level`, body: '"info"', status: 404, answer: lost },
    { method: 'PUT', path: `${UNNAMED}/_config/log/level`, body: '"info"', status: 412, answer: down },
    { method: 'PUT', path: `${OTHER}/_config/daemons/x`, body: '"x"', status: 403, answer: closed },
    { method: 'DELETE', path: `${OTHER}/_config/daemons/x`, status: 403, answer: closed },
    { method: 'DELETE', path: `${OTHER}/_config/log/level`, status: 404, answer: lost },
    { method: 'POST', path: `${OTHER}/_config`, status: 405 },
    { method: 'GET', path: `${OTHER}/_versions`, status: 200 },
    { method: 'PUT', path: '/_node/_local/_config/log/level', body: '"info"', status: 200 },
    { method: 'GET', path: '/_node/_local/_config/log/level', status: 200, answer: 'info' },
  ]
  await checkAnswers(
    t,
    server.url,
    exchanges.map(exchange => ({ ...exchange, headers: { authorization } })),
  )
})
