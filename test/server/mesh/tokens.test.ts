import test from 'ava'
import { MEMBER_SCHEME } from '../../../protocol/mesh/members.ts'
import type { MemberSigner } from '../../../protocol/replication-endpoint.ts'
import { Connections } from '../../../replicator/http/connections.ts'
import { MemberTokens } from '../../../replicator/http/member-token.ts'
import { makeKey } from '../../../server/mesh/identity.ts'
import { joinRequest } from '../../../server/mesh/joining.ts'
import { MemberClient } from '../../../server/mesh/member-client.ts'
import { call, type CallOptions } from '../../helpers/http.ts'
import { closeAll, memberIdOf, meshCommand, startNodes } from '../../helpers/mesh-nodes.ts'

test('tokens of members: once, for one request, one member and a while; no more than replication needs', async t => {
  const nodes = await startNodes(1)
  const connections = new Connections(undefined)
  t.teardown(async () => {
    await connections.close()
    await closeAll(nodes)
  })
  const node = nodes[0]!
  const { url } = node.couchette
  await meshCommand(node, 'create', 'shops', '--databases', 'app-*')
  for (const name of ['app-x', 'private']) await call(node.url, 'PUT', `/${name}`)
  const member = { name: 'test', url: 'http://127.0.0.1:1', region: '' }
  const token = await meshCommand(node, 'invite')
  const signal = AbortSignal.timeout(60_000)
  const client = new MemberClient(() => connections)
  const identity = await joinRequest(client, { at: url, token, member }, signal, 60_000)
  const signer: MemberSigner = { ...identity, audience: await memberIdOf(node), lifetimeSeconds: 30 }

  const ask = async (
    method: string,
    path: string,
    by: Partial<MemberSigner> = {},
    options: CallOptions = {},
  ) => {
    const headers = await new MemberTokens({ ...signer, ...by }).header(method, path)
    return call(url, method, path, { ...options, headers })
  }
  const refused = async (why: RegExp, answer: Promise<{ status: number; body: { reason?: unknown } }>) => {
    const { status, body } = await answer
    t.is(status, 401, String(why))
    t.regex(String(body.reason), why)
  }
  const hello = { json: {} }
  t.is((await ask('POST', '/_mesh/hello', {}, hello)).status, 200)
  t.is((await ask('GET', '/app-x/_changes?style=all_docs')).status, 200)

  const stolen = await new MemberTokens(signer).header('GET', '/app-x')
  t.is((await call(url, 'GET', '/app-x', { headers: stolen })).status, 200)
  await refused(/used before/, call(url, 'GET', '/app-x', { headers: stolen }))
  const unused = await new MemberTokens(signer).header('GET', '/app-x')
  await refused(/another request/, call(url, 'GET', '/app-x/_changes', { headers: unused }))
  await refused(/another request/, call(url, 'POST', '/app-x', { headers: unused, json: {} }))
  await refused(/"aud"/, ask('GET', '/app-x', { audience: 'another' }))
  await refused(/another mesh/, ask('GET', '/app-x', { mesh: 'another' }))
  await refused(/"exp"/, ask('GET', '/app-x', { lifetimeSeconds: -100 }))
  await refused(/lasts too long/, ask('GET', '/app-x', { lifetimeSeconds: 7200 }))
  await refused(/signature/, ask('GET', '/app-x', { key: makeKey() }))
  await refused(/is not in this mesh/, ask('GET', '/app-x', { member: 'stranger' }))
  await refused(
    /malformed|not in this mesh/,
    call(url, 'GET', '/', { headers: { authorization: `${MEMBER_SCHEME} x.y.z` } }),
  )

  const forbidden: readonly (readonly [string, string, CallOptions])[] = [
    ['GET', '/private', {}],
    ['GET', '/private/_all_docs', {}],
    ['GET', '/_users/_changes', {}],
    ['PUT', '/app-y', {}],
    ['DELETE', '/app-x', {}],
    ['GET', '/_node/_local/_config', {}],
    ['PUT', '/_credentials/x', hello],
    ['POST', '/_mesh/invitations', hello],
    ['POST', '/_mesh_members/_bulk_docs', { json: { docs: [] } }],
    ['DELETE', `/_mesh/members/${signer.audience}`, {}],
  ]
  for (const [method, path, options] of forbidden)
    t.is((await ask(method, path, {}, options)).status, 403, `${method} ${path}`)

  const path = '/app-x/_changes?feed=continuous&heartbeat=1000'
  const headers = await new MemberTokens(signer).header('GET', path)
  const feed = await fetch(url + path, { headers, signal })
  t.is(feed.status, 200)
  t.is((await call(node.url, 'DELETE', `/_mesh/members/${identity.member}`)).status, 200)
  await t.throwsAsync(feed.text(), undefined, 'its feed is cut')
  await refused(/is not in this mesh/, ask('GET', '/app-x'))
  await refused(/is not in this mesh/, ask('POST', '/_mesh/hello', {}, hello))
})
