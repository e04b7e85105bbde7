import test from 'ava'
import { editIni, parseIni } from '../../../server/config/ini.ts'

const TEXT = `; a comment
[chttpd]
port = 5984 ; the usual one
bind_address=0.0.0.0
empty =
authentication_handlers = {chttpd_auth, cookie_authentication_handler}, {a, b}

[cors:http://a.example]
origins = https://b.example;c

[jwt_keys]
hmac:a=b= = c2VjcmV0
`

test('sections may hold dots and colons, and comments begin after white space only', t => {
  const values = parseIni(TEXT)
  t.deepEqual(Object.fromEntries(values.get('chttpd') ?? []), {
    port: '5984',
    bind_address: '0.0.0.0',
    authentication_handlers: '{chttpd_auth, cookie_authentication_handler}, {a, b}',
  })
  t.is(values.get('cors:http://a.example')?.get('origins'), 'https://b.example;c')
})

test('a key may hold "=" where " = " divides', t => {
  t.is(parseIni(TEXT).get('jwt_keys')?.get('hmac:a=b='), 'c2VjcmV0')
})

test('lines outside of a section and without "=" mean nothing', t => {
  t.deepEqual(
    [...parseIni('a = 1\n[]\nb = 2\n[s]\nword\n= 3\nc = 4\r\nd = 5\r\n')],
    [
      [
        's',
        new Map([
          ['c', '4'],
          ['d', '5'],
        ]),
      ],
    ],
  )
})

test('an edit changes one line and leaves the others', t => {
  const edited = editIni(TEXT, 'chttpd', 'port', '1')
  t.is(edited, TEXT.replace('port = 5984 ; the usual one', 'port = 1'))
})

test('an edit adds to the section, or adds the section', t => {
  t.is(editIni('[a]\nx = 1\n', 'a', 'y', '2'), '[a]\ny = 2\nx = 1\n')
  t.is(editIni('[a]\nx = 1\n', 'b', 'y', '2'), '[a]\nx = 1\n\n[b]\ny = 2\n')
  t.is(editIni('', 'b', 'y', '2'), '[b]\ny = 2\n')
})

test('a value is taken out wherever it is set', t => {
  t.is(
    editIni('[a]\nx = 1\ny = 2\n[b]\nx = 3\n[a]\nx = 4\n', 'a', 'x', undefined),
    '[a]\ny = 2\n[b]\nx = 3\n[a]\n',
  )
})
