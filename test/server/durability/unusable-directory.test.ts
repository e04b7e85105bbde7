import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { program } from '../../../harness/project.ts'
import { SmallDisk } from '../../helpers/faults/small-disk.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'

const run = promisify(execFile)
const CLI = program('cli/main')

/** Starts a server that cannot start, and returns what it says. */
async function refusalOf(t: ExecutionContext, data: string): Promise<string> {
  const args = [...CLI, 'serve', '--port', '0', '--data', data, '--admin', 'admin:pass']
  const error = await t.throwsAsync<Error & { stderr: string; code: number }>(run(process.execPath, args))
  t.is(error?.code, 1)
  const said = error?.stderr ?? ''
  t.is(said.trim().split('\n').length, 1, said)
  return said
}

test('a start on a full disk, or in a read-only directory, says so in a sentence', async t => {
  t.timeout(5 * 60_000)
  const disk = await SmallDisk.mount('tmpfs', 8)
  if (disk === undefined) {
    t.log('skipped: this account may not mount file systems')
    return t.pass()
  }
  const data = join(disk.path, 'data')
  const remount = (mode: 'ro' | 'rw') => run('mount', ['-o', `remount,${mode}`, disk.path])
  try {
    await disk.fill()
    t.regex(await refusalOf(t, data), /The data directory \S+ cannot be used: the disk is full\./)
    await disk.free()
    await remount('ro')
    t.regex(await refusalOf(t, data), /The data directory \S+ cannot be used: the file system is read-only\./)
    await remount('rw')
    await (await spawnServer(data)).stop()
    await disk.fill()
    t.regex(
      await refusalOf(t, data),
      /The data in \S+ cannot be opened: .*(No space left on device|the disk is full)/,
    )
    await disk.free()
    await remount('ro')
    t.regex(await refusalOf(t, data), /The data in \S+ cannot be opened: the file system is read-only\./)
    await remount('rw')
    await (await spawnServer(data)).stop()
  } finally {
    await disk.release()
  }
})
