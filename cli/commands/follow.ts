import { databaseUrl } from '../frame/connection.ts'
import type { Context } from '../frame/context.ts'
import { OK } from '../frame/exit-codes.ts'
import type { Frame } from '../frame/frame.ts'
import { printable } from '../frame/table.ts'
import { endpointJson } from '../replication/peers.ts'
import { maskOf } from '../replication/options.ts'
import { addressOn } from '../replication/server-job.ts'

interface FollowOptions {
  readonly forwardWrites?: boolean
  readonly mask?: string
}

/** Adds `follow`: a database becomes the read-only copy of another. */
export function addFollow(frame: Frame): void {
  frame
    .command(
      'follow <database> <source>',
      'Makes a database the read-only follower of another one, at any server, and keeps it up to date.',
      [
        ['couchette follow orders @prod/orders', ''],
        ['couchette follow orders @prod/orders --forward-writes', 'writes are answered by the source'],
        ['couchette follow orders @prod/orders --mask @rules.json', 'hides values, for good'],
        ['couchette promote orders', 'ends it'],
      ],
    )
    .option('--forward-writes', 'hands writes to the source, with the credentials of their clients')
    .option('--mask <rules>', 'JSON array of rules for values that the copy does not get, or @FILE')
    .action(frame.run<FollowOptions, [string, string]>(follow))
}

/** Adds `promote`: a follower becomes writable. */
export function addPromote(frame: Frame): void {
  frame
    .command('promote <database>', 'Makes a follower writable: its job ends, and it keeps what it has.', [
      ['couchette promote orders', ''],
      ['couchette promote @standby/orders', ''],
    ])
    .action(frame.run<object, [string]>(promote))
}

async function follow(
  context: Context,
  { forwardWrites = false, mask }: FollowOptions,
  name: string,
  from: string,
): Promise<number> {
  const { server, path } = await context.database(name)
  const source = await addressOn(context, server, from)
  const rules = mask === undefined ? {} : { mask: await maskOf(mask) }
  const body = { source: endpointJson(source), forward_writes: forwardWrites, ...rules }
  const answer = await server.send('PUT', `${path}/_follower`, body)
  await context.print(
    answer,
    () => `${printable(name)} follows ${printable(databaseUrl(source))}, and is written to by nobody else.`,
  )
  return OK
}

async function promote(context: Context, _: object, name: string): Promise<number> {
  const { server, path } = await context.database(name)
  const answer = await server.send('DELETE', `${path}/_follower`)
  await context.print(answer, () => `${printable(name)} follows nobody any more, and can be written to.`)
  return OK
}
