import test from 'ava'
import { checkAnswers, refused } from '../../../helpers/answers.ts'
import { withServer } from '../../../helpers/with-server.ts'

const NO_STATE = refused('bad_request', 'Expected a `state` field')
const OTHER_STATE = refused('bad_request', 'State field not `running` or `stopped`')

test('the state of shard splitting can be set and read', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'GET', path: '/_reshard/state', status: 200, answer: { state: 'running', reason: null } },
    { method: 'PUT', path: '/_reshard/state', body: {}, status: 400, answer: NO_STATE },
    { method: 'PUT', path: '/_reshard/state', body: { state: 'x' }, status: 400, answer: OTHER_STATE },
    { method: 'PUT', path: '/_reshard/state', body: { state: 'stopped', reason: 'rest' }, status: 200 },
    { method: 'GET', path: '/_reshard', status: 200, answer: { state: 'stopped', state_reason: 'rest' } },
    { method: 'PUT', path: '/_reshard/state', body: { state: 'running' }, status: 200, answer: { ok: true } },
    { method: 'GET', path: '/_reshard/state', status: 200, answer: { state: 'running', reason: null } },
  ]),
)

test('there are no jobs that split shards, and none is made', withServer, (t, { url }) =>
  checkAnswers(t, url, [
    { method: 'PUT', path: '/x', status: 201 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split', db: 'x' }, status: 501 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'merge', db: 'x' }, status: 400 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split' }, status: 400 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split', db: 'none' }, status: 400 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split', db: 'x', node: 'far' }, status: 400 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split', db: 'x', range: 'all' }, status: 400 },
    { method: 'POST', path: '/_reshard/jobs', body: { type: 'split', db: 'x', shard: 'y' }, status: 400 },
    { method: 'GET', path: '/_reshard/jobs/none', status: 404 },
    { method: 'PUT', path: '/_reshard/jobs/none/state', body: { state: 'stopped' }, status: 404 },
    { method: 'PUT', path: '/_reshard', body: {}, status: 405 },
  ]),
)
