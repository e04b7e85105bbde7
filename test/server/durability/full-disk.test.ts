import test from 'ava'
import type { ExecutionContext } from 'ava'
import { AcknowledgedWrites, untilUp } from '../../helpers/faults/acknowledged.ts'
import { type FileSystem, SmallDisk } from '../../helpers/faults/small-disk.ts'
import { call } from '../../helpers/http.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'

const onSmallDisk = test.macro(
  async (
    t: ExecutionContext,
    kind: FileSystem,
    body: (t: ExecutionContext, disk: SmallDisk) => Promise<void>,
  ) => {
    const disk = await SmallDisk.mount(kind, 24)
    if (disk === undefined) {
      t.log(`skipped: this account cannot mount ${kind}`)
      t.pass()
      return
    }
    try {
      await body(t, disk)
    } finally {
      await disk.release()
    }
  },
)

/** A server on the disk, filled until a write is refused. */
async function losesNothing(t: ExecutionContext, disk: SmallDisk): Promise<void> {
  let server = await spawnServer(disk.path)
  try {
    const writes = new AcknowledgedWrites(() => server.url, 'db')
    await writes.create()
    await writes.write(50)
    await disk.fill(64)
    let refused = await writes.write(20, 1000)
    for (let round = 0; refused.status === 201 && round < 100; round++) refused = await writes.write(20, 1000)

    t.is(refused.status, 507)
    t.deepEqual(refused.body, {
      error: 'insufficient_storage',
      reason: 'The disk is full: writes are refused until there is room.',
    })
    const up = await untilUp(server.url, 503)
    t.is(up.status, 'store_failed')
    t.regex(String(up.reason), /^Writes are refused: /)
    t.is((await writes.write(1)).status, 507, 'nothing is acknowledged meanwhile')
    t.is((await call(server.url, 'PUT', '/other')).status, 507)
    t.is((await call(server.url, 'PUT', '/db/doc-x/file', { raw: 'bytes' })).status, 507)
    await writes.verify(t)

    await disk.free()
    await untilUp(server.url, 200)
    for (let round = 0; round < 30; round++) t.is((await writes.write(10)).status, 201)
    await writes.verify(t)
    await server.kill()
    server = await spawnServer(disk.path)
    await writes.verify(t)
    t.is((await writes.write(10)).status, 201)
    await writes.verify(t)
  } finally {
    await server.kill()
  }
}

test(
  'after a full disk (tmpfs) had room again, nothing acknowledged is lost',
  onSmallDisk,
  'tmpfs',
  losesNothing,
)
test(
  'after a full disk (ext4) had room again, nothing acknowledged is lost',
  onSmallDisk,
  'ext4',
  losesNothing,
)
