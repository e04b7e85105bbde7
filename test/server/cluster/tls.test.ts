import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { freePort } from '../../../harness/free-port.ts'
import { makeSelfSigned } from '../../../server/tls/self-signed.ts'
import { report } from '../../helpers/cluster-nodes.ts'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { ServerCluster } from '../../helpers/server-cluster.ts'
import { tempDir } from '../../helpers/temp.ts'

test('nodes reach each other over TLS, with certificates of the authority that is configured', async t => {
  t.timeout(120_000)
  const dir = await tempDir()
  const [cert, key] = [join(dir.path, 'cert.pem'), join(dir.path, 'key.pem')]
  const made = await makeSelfSigned(['127.0.0.1'])
  await writeFile(cert, made.cert)
  await writeFile(key, made.key, { mode: 0o600 })
  const ports = new Map<string, number>([
    ['node1', await freePort()],
    ['node2', await freePort()],
  ])
  const of = (section: string, name: string, value: string) => ({ section, key: name, value })
  const cluster = await ServerCluster.start({
    count: 2,
    settingsOf: ({ name }) => [
      of('ssl', 'enable', 'true'),
      of('ssl', 'port', String(ports.get(name))),
      of('ssl', 'cert_file', cert),
      of('ssl', 'key_file', key),
      of('cluster', 'url', `https://127.0.0.1:${ports.get(name)}`),
      of('cluster', 'cacert_file', cert),
    ],
  })
  try {
    const leader = await cluster.leader()
    const follower = cluster.nodes.find(node => node !== leader)!
    t.is((await call(follower.url, 'PUT', '/db')).status, 201, 'a write is forwarded')
    t.is((await call(follower.url, 'PUT', '/db/doc', { json: {} })).status, 201)
    t.is((await call(follower.url, 'GET', '/db/_local/none')).status, 404, 'a follower asks the leader')
    const urls = [...ports.values()].map(port => `https://127.0.0.1:${port}`).sort()
    await eventually('the leader has heard of both', async () => {
      const { members } = await report(leader)
      return isDeepStrictEqual(members.map(({ url }) => url).sort(), urls)
    })
  } finally {
    await cluster.close()
    await dir.remove()
  }
})
