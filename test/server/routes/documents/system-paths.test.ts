import test from 'ava'
import { checkAnswers, refused } from '../../../helpers/answers.ts'
import { call } from '../../../helpers/http.ts'
import { withServer } from '../../../helpers/with-server.ts'

const NOT_ALLOWED = {
  status: 405,
  answer: refused('method_not_allowed', 'Only DELETE,GET,HEAD,PUT allowed'),
  answerHeaders: { allow: 'DELETE,GET,HEAD,PUT' },
}
const MISSING = { status: 404, answer: refused('not_found', 'missing') }

test(
  'behind what is no endpoint stand the attachments of a document that cannot be',
  withServer,
  (t, { url }) =>
    checkAnswers(t, url, [
      { method: 'PUT', path: '/db', status: 201 },
      { method: 'POST', path: '/db/_bulk_docs/x', body: {}, ...NOT_ALLOWED },
      { method: 'POST', path: '/db/_nothing/x', body: {}, ...NOT_ALLOWED },
      { method: 'GET', path: '/db/_nothing/x', ...MISSING },
      { method: 'DELETE', path: '/db/_nothing/x', ...MISSING },
      { method: 'PUT', path: '/db/_nothing/x', body: {}, status: 400, answer: { error: 'illegal_docid' } },
      { method: 'POST', path: '/none/_nothing/x', body: {}, status: 404 },
    ]),
)

test('a design document has attachments however its slash is written', withServer, async (t, { url }) => {
  await call(url, 'PUT', '/db')
  const { body: made } = await call<{ rev: string }>(url, 'PUT', '/db/_design%2Fd', { json: {} })
  const file = { raw: 'text', headers: { 'content-type': 'text/plain' } }
  const put = await call<{ rev: string }>(url, 'PUT', `/db/_design%2Fd/a/b.txt?rev=${made.rev}`, file)
  t.is(put.status, 201)
  t.is((await call<unknown>(url, 'GET', '/db/_design/d/a/b.txt')).body, 'text')
  const redirected = await call(url, 'GET', '/db/_design%2Fd/a/b.txt?x=1')
  t.is(redirected.status, 301)
  t.regex(String(redirected.headers['location']), /^http:.*\/db\/_design\/d\/a\/b\.txt\?x=1$/)
  const removed = await call(url, 'DELETE', `/db/_design%2Fd/a/b.txt?rev=${put.body.rev}`)
  t.is(removed.status, 200)
})
