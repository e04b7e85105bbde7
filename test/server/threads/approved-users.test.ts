import test from 'ava'
import { AnsweredElsewhere } from '../../../server/app/answered-elsewhere.ts'
import { Metrics } from '../../../server/metrics/metrics.ts'
import { ApprovedUsers } from '../../../server/threads/front/approved-users.ts'

const NAMES: Readonly<Record<string, string>> = {
  x_auth_username: 'X-Auth-Name',
  x_auth_roles: 'X-Auth-Roles',
  x_auth_token: 'X-Auth-Token',
}
const config = { text: (_section: string, key: string) => NAMES[key] ?? '' } as never

const ann = { name: 'ann', roles: ['staff'], authenticated: 'proxy' } as never
const epoch = 1
const lifetimeMs = 3_600_000

const request = (headers: Record<string, string>, peer = '10.0.0.1') => ({
  peer,
  header: (name: string) => headers[name],
})

const users = (now?: () => number): ApprovedUsers => new ApprovedUsers(config, new Metrics(), epoch, now)
const APPROVAL = { user: ann, epoch, lifetimeMs, counts: [] }

const KINDS: readonly [title: string, headers: Record<string, string>, others: Record<string, string>[]][] = [
  [
    'a proxy',
    { 'x-auth-name': 'ann', 'x-auth-roles': 'staff', 'x-auth-token': 'aa' },
    [
      { 'x-auth-name': 'ann', 'x-auth-roles': 'staff,_admin', 'x-auth-token': 'aa' },
      { 'x-auth-name': 'annstaff', 'x-auth-roles': '', 'x-auth-token': 'aa' },
      { 'x-auth-name': 'ann', 'x-auth-roles': 'staff' },
      { 'x-auth-roles': 'ann', 'x-auth-name': 'staff', 'x-auth-token': 'aa' },
    ],
  ],
  [
    'a bearer token',
    { authorization: 'Bearer a.b.c' },
    [
      { authorization: 'Bearer a.b.d' },
      { cookie: 'Bearer a.b.c' },
      { authorization: 'Bearer a.b.c', cookie: 'a' },
    ],
  ],
]

for (const [title, headers, others] of KINDS) {
  test(`what ${title} proves holds for exactly these headers, from that address`, async t => {
    const approved = users()
    approved.approve(request(headers), APPROVAL)
    t.is((await approved.authenticate(request(headers))).user, ann)
    for (const other of [...others, {}]) {
      t.throws(() => approved.authenticate(request(other)), { instanceOf: AnsweredElsewhere })
    }
    t.throws(() => approved.authenticate(request(headers, '10.0.0.2')), { instanceOf: AnsweredElsewhere })
  })
}

test('an approval that is over, or older than a change, is asked for again', t => {
  const headers = { authorization: 'Bearer a.b.c' }
  let now = 0
  const approved = users(() => now)
  approved.approve(request(headers), APPROVAL)
  now = lifetimeMs - 1
  t.notThrows(() => approved.authenticate(request(headers)))
  now = lifetimeMs
  t.throws(() => approved.authenticate(request(headers)), { instanceOf: AnsweredElsewhere })
  approved.approve(request(headers), APPROVAL)
  approved.begin(epoch + 1)
  t.throws(() => approved.authenticate(request(headers)), { instanceOf: AnsweredElsewhere })
  approved.approve(request(headers), APPROVAL)
  t.throws(() => approved.authenticate(request(headers)), { instanceOf: AnsweredElsewhere })
})
