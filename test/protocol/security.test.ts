import test from 'ava'
import { isDatabaseAdmin, isMember, parseSecurity } from '../../protocol/security.ts'
import { ANONYMOUS, SERVER } from '../../protocol/user-context.ts'

const ANN = { name: 'ann', roles: ['staff'] }

const CASES: [title: string, security: object, member: boolean, admin: boolean][] = [
  ['without members everybody is one', {}, true, false],
  ['empty lists are no members', { members: { names: [], roles: [] } }, true, false],
  ['members by name', { members: { names: ['ann'] } }, true, false],
  ['members by role', { members: { roles: ['staff'] } }, true, false],
  ['others are no members', { members: { names: ['bob'], roles: ['boss'] } }, false, false],
  ['readers is an older name of members', { readers: { names: ['bob'] } }, false, false],
  ['members beats readers', { readers: { names: ['bob'] }, members: { names: ['ann'] } }, true, false],
  ['admins are members', { members: { names: ['bob'] }, admins: { roles: ['staff'] } }, true, true],
  ['admins by name', { admins: { names: ['ann'] } }, true, true],
]

for (const [title, security, member, admin] of CASES) {
  test(title, t => {
    const parsed = parseSecurity(security)
    t.is(isMember(ANN, parsed), member)
    t.is(isDatabaseAdmin(ANN, parsed), admin)
    t.true(isMember(SERVER, parsed) && isDatabaseAdmin(SERVER, parsed))
    t.false(isDatabaseAdmin(ANONYMOUS, parsed))
  })
}

test('what is no object with lists of strings is refused', t => {
  for (const value of [
    [],
    'x',
    null,
    { admins: 'x' },
    { admins: { names: 'x' } },
    { members: { roles: [1] } },
    { members: { names: {} } },
  ]) {
    t.throws(() => parseSecurity(value), { message: /^bad_request: / })
  }
})
