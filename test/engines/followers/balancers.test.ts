import test, { type ExecutionContext } from 'ava'
import { eventually } from '../../helpers/eventually.ts'
import { call } from '../../helpers/http.ts'
import { type RunningServer, startServer } from '../../helpers/server.ts'
import { TcpProxy } from '../../helpers/tcp-proxy.ts'
import { type BalancerName, FollowerBalancer } from './balancers.ts'

const WITHIN = { withinMs: 90_000 }
/** Seconds that a busy machine does not reach. */
const MAX_LAG_SECONDS = 15
/** The source's feed beats every second: lag is known to that. */
const QUICK = [{ section: 'replicator', key: 'connection_timeout', value: '3000' }]

/** Returns who answered: a follower tells its lag. */
async function answeredBy(url: string, method: string, path: string, json?: object): Promise<string> {
  const { status, headers, body } = await call(url, method, path, json === undefined ? {} : { json })
  if (status >= 300) return `${status} ${JSON.stringify(body)}`
  return headers['couchette-lag'] === undefined ? 'leader' : 'follower'
}

async function follow(follower: RunningServer, source: string): Promise<void> {
  await call(follower.url, 'PUT', '/orders/_follower', { json: { source: `${source}/orders` } })
  await eventually(
    'it is near enough',
    async () => (await call(follower.url, 'GET', `/_up?max_lag=${MAX_LAG_SECONDS}`)).status === 200,
    WITHIN,
  )
}

/** Writes go to the leader and reads to followers; what is cut off or ends is left out, and comes back. */
async function routes(t: ExecutionContext, name: BalancerName): Promise<void> {
  const close: (() => Promise<unknown>)[] = []
  t.teardown(async () => {
    for (const one of close.reverse()) await one()
  })
  const [leader, one, two] = await Promise.all([
    startServer(),
    startServer({ settings: QUICK }),
    startServer({ settings: QUICK }),
  ])
  close.push(() => Promise.all([leader.close(), one.close()]))
  await call(leader.url, 'PUT', '/orders')
  await call(leader.url, 'PUT', '/orders/tea', { json: { n: 1 } })
  const link = await TcpProxy.start(leader.couchette.port)
  close.push(() => link.close())
  const source = `http://admin:pass@127.0.0.1:${link.port}`
  await Promise.all([follow(one, source), follow(two, source)])
  let isTwoOpen = true
  const endTwo = async (): Promise<void> => {
    if (isTwoOpen) await two.close()
    isTwoOpen = false
  }
  close.push(endTwo)
  const backends = {
    leader: leader.url,
    followers: [one.url, two.url],
    maxLagSeconds: MAX_LAG_SECONDS,
  } as const
  const { url, ...balancer } = await startBalancer(name, backends)
  close.push(balancer.close)
  const by = (who: string, method: string, path: string, json?: object): Promise<void> =>
    eventually(
      `${method} ${path} is answered by ${who}`,
      async () => (await answeredBy(url, method, path, json)) === who,
      WITHIN,
    )

  await by('follower', 'GET', '/orders/tea')
  await by('follower', 'POST', '/orders/_find', { selector: { n: 1 } })
  await by('follower', 'POST', '/orders/_all_docs', { keys: ['tea'] })
  await by('follower', 'GET', '/orders/_changes?include_docs=true')
  t.is(await answeredBy(url, 'PUT', '/orders/milk', { n: 2 }), 'leader')
  t.is(await answeredBy(url, 'POST', '/orders/_bulk_docs', { docs: [{ _id: 'bread' }] }), 'leader')
  t.is(await answeredBy(url, 'POST', '/orders', { _id: 'salt' }), 'leader')
  await by('follower', 'PUT', '/orders/_local/checkpoint', { n: 1 })
  await by('follower', 'GET', '/orders/_local/checkpoint')
  for (const path of ['/', '/_session', '/_all_dbs']) t.is(await answeredBy(url, 'GET', path), 'leader')
  const { status } = await call(url, 'DELETE', '/orders/salt', {})
  t.is(status, 409, 'the leader judges deletions')
  await eventually(
    'what was written is read',
    async () => (await call(url, 'GET', '/orders/milk')).status === 200,
    WITHIN,
  )

  // A follower that ends is left out. Which of the two it is for this client the balancer alone knows.
  await endTwo()
  for (let n = 0; n < 10; n++) await by('follower', 'GET', '/orders/tea')
  // One that is cut off from the leader falls behind, and the leader answers its readers.
  link.cut()
  await by('leader', 'GET', '/orders/tea')
  t.is(await answeredBy(url, 'PUT', '/orders/butter', { n: 3 }), 'leader')
  link.mend()
  await by('follower', 'GET', '/orders/butter')
}

async function startBalancer(
  name: BalancerName,
  backends: Parameters<typeof FollowerBalancer.start>[1],
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const balancer = await FollowerBalancer.start(name, backends)
  return { url: balancer.url, close: () => balancer.close() }
}

for (const name of ['HAProxy', 'Caddy'] as const)
  test.serial(`${name} sends writes to the leader and reads to followers that are near enough`, async t => {
    t.timeout(280_000)
    await routes(t, name)
  })
