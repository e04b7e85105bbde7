import test from 'ava'
import { parseDatabaseName } from '../../protocol/database-name.ts'
import { CouchError } from '../../protocol/errors.ts'

test('small letters, digits and a few signs are a name, as are system databases', t => {
  const system = ['_users', '_replicator', '_global_changes', 'tenant/_replicator', 'a/b/_users']
  for (const name of ['a', 'a1_$()+-/b', 'a/', ...system]) t.is<string, string>(parseDatabaseName(name), name)
})

for (const name of [
  '',
  'A',
  'aB',
  '1a',
  '_a',
  'a.x',
  'aü',
  'a x',
  'a:x',
  '-a',
  '/a',
  'a\n',
  '_users/x',
  '/_users',
]) {
  test(`${JSON.stringify(name)} is no database name`, t => {
    const reason = `Name: '${name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.`
    t.throws(() => parseDatabaseName(name), {
      instanceOf: CouchError,
      message: `illegal_database_name: ${reason}`,
    })
  })
}

test('each segment has up to 238 characters', t => {
  const segment = 'x'.repeat(238)
  t.is<string, string>(parseDatabaseName(`${segment}/${segment}`), `${segment}/${segment}`)
  t.throws(() => parseDatabaseName(`${segment}x`), {
    message: `database_name_too_long: At least one path segment of \`${segment}x\` is too long.`,
  })
})
