import test from 'ava'
import { call } from '../helpers/http.ts'
import { withServer } from '../helpers/with-server.ts'
import { runCli } from './run-cli.ts'

test(
  'users are added, shown, changed and removed; no password and no hash is printed',
  withServer,
  async (t, { url, couchette }) => {
    const env = { COUCHETTE_URL: url }
    const status = async (login: string): Promise<number> =>
      (await call(couchette.url.replace('//', `//${login}@`), 'GET', '/_session')).status
    const added = await runCli(['users', 'add', 'joe', '--roles', 'sales,support', '--password-stdin'], {
      env,
      input: 'one\n',
    })
    t.deepEqual(added, { code: 0, out: 'The user joe may sign in.\n', err: '' })
    t.is(await status('joe:one'), 200)
    t.is((await runCli(['users', 'add', 'joe', '--password-stdin'], { env, input: 'x' })).code, 1)
    const list = await runCli(['users'], { env })
    t.regex(
      list.out,
      /^USER +ROLES +PASSWORD\nadmin +administrator +–\njoe +sales, support +pbkdf2, \d+ iterations\n$/,
    )
    t.is((await runCli(['users', 'password', 'joe', '--password-stdin'], { env, input: 'two' })).code, 0)
    t.is(await status('joe:two'), 200)
    t.is(await status('joe:one'), 401)
    const roles = await runCli(['users', 'roles', 'joe', '--add', 'new', '--remove', 'sales', '--json'], {
      env,
    })
    t.deepEqual(JSON.parse(roles.out), { ok: true, name: 'joe', roles: ['support', 'new'] })
    const shown = await runCli(['users', 'show', 'joe', '--json'], { env })
    t.like(JSON.parse(shown.out), { name: 'joe', roles: ['support', 'new'] })
    t.notRegex(shown.out + list.out, /derived_key|salt/)
    t.is((await runCli(['users', 'roles', 'joe'], { env })).code, 2)
    t.is((await runCli(['users', 'remove', 'joe'], { env })).code, 0)
    t.is((await runCli(['users', 'show', 'joe'], { env })).code, 5)
    t.is((await runCli(['users', 'add', 'x', '--password-stdin'], { env })).code, 2)
    t.is((await runCli(['users', 'add', 'x'], { env, input: 'x' })).code, 2)
  },
)

test(
  'security is shown and changed, and never opened by taking the last member away',
  withServer,
  async (t, { url }) => {
    const env = { COUCHETTE_URL: url }
    await call(url, 'PUT', '/orders')
    await call(url, 'PUT', '/orders/_security', {
      json: { note: 'kept', members: { names: ['ann'], roles: [] } },
    })
    const change = [
      'security',
      'orders',
      '--add-member-role',
      'sales',
      '--add-admin',
      'joe',
      '--remove-member',
      'ann',
    ]
    const changed = await runCli([...change, '--json'], { env })
    t.is(changed.code, 0)
    const expected = {
      note: 'kept',
      members: { names: [], roles: ['sales'] },
      admins: { names: ['joe'], roles: [] },
    }
    t.deepEqual(JSON.parse(changed.out), expected)
    t.deepEqual((await call(url, 'GET', '/orders/_security')).body, expected)
    const refused = await runCli(['security', 'orders', '--remove-member-role', 'sales'], { env })
    t.deepEqual([refused.code, refused.out], [2, ''])
    t.regex(refused.err, /would be open to everybody: --open does that/)
    t.deepEqual((await call(url, 'GET', '/orders/_security')).body, expected)
    t.regex(
      (await runCli(['security', 'orders', '--open'], { env })).out,
      /everybody may read and write\.\n$/,
    )
    const closed = await runCli(['security', `${url}/orders`, '--private'])
    t.regex(
      closed.out,
      /^admins, names +–\nadmins, roles +_admin\nmembers, names +–\nmembers, roles +_admin\n$/,
    )
    t.is((await runCli(['security', 'none'], { env })).code, 5)
  },
)
