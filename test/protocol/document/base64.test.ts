import test from 'ava'
import { decodeBase64 } from '../../../protocol/document/base64.ts'

test('base64 is taken as Erlang takes it', t => {
  for (const text of ['', 'YQ==', 'YWI=', 'YWJj', 'YWJjZA==', '+/+/', 'YR==', ' Y W\nJ\tj\r\n', '    '])
    t.deepEqual(decodeBase64(text), Buffer.from(text, 'base64'), JSON.stringify(text))
  for (const text of [
    'Y',
    'YQ',
    'YQ=',
    'YWI',
    '=',
    '==',
    '====',
    'A===',
    '=AAA',
    'AA=A',
    'YQ==YQ==',
    'YWI=YWJj',
    '-_-_',
    'YWJ-',
    'YW*j',
    'YWJ\u00e9',
    'YWJ\u0159',
    'YW,j',
    'YWJjY===',
    'YWJj\0\0\0\0',
    'YWJj\f\f\f\f',
  ])
    t.is(decodeBase64(text), undefined, JSON.stringify(text))
})
