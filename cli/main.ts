#!/usr/bin/env node
import { isOperatorError, isUsageError, VERSION } from '../server/commands/operator-errors.ts'
import { processIo } from './frame/process-io.ts'
import { runProgram } from './program.ts'

const io = processIo()
const code = await runProgram(
  process.argv.slice(2),
  {
    version: VERSION,
    isOperatorError,
    isUsageError,
    serve: async args => {
      // The server stops in an order of its own.
      io.release()
      // What loading leaves behind is garbage: the heap grows when the server has read how large it may be.
      ;(await import('../server/commands/heap-size.ts')).spareMemoryToLoad()
      return (await import('../server/commands/serve.ts')).serve(args)
    },
    resetAdmin: async args => (await import('../server/commands/reset-admin.ts')).resetAdmin(args),
    inspect: async args => (await import('../server/commands/inspect.ts')).inspect(args),
    check: async args => (await import('../server/commands/check.ts')).check(args),
    checkBackup: async args => (await import('../server/commands/check.ts')).checkBackup(args),
    restore: async args => (await import('../server/commands/restore.ts')).restore(args),
    openBackupPlace: async where =>
      (await import('../server/commands/backup-place.ts')).openBackupPlace(where),
    readBackups: async place => (await import('../server/commands/backup-place.ts')).readBackups(place),
    openBackup: async args => (await import('../server/commands/open-backup.ts')).openBackup(args),
    findDamaged: async args => (await import('../server/commands/damaged-data.ts')).findDamaged(args),
    removeDocuments: async (args, removable) =>
      (await import('../server/commands/damaged-data.ts')).removeDocuments(args, removable),
    noteRestored: async args => (await import('../server/commands/damaged-data.ts')).noteRestored(args),
    serveData: async args => (await import('../server/commands/damaged-data.ts')).serveData(args),
    clusterCreate: async args => (await import('../server/commands/cluster.ts')).clusterCreate(args),
    clusterJoin: async args => (await import('../server/commands/cluster.ts')).clusterJoin(args),
    clusterNewLog: async args => (await import('../server/commands/cluster.ts')).clusterNewLog(args),
    checkConfig: async args => (await import('../server/commands/check-config.ts')).checkConfig(args),
  },
  io,
)
// Idle sockets to peers would keep the process for a while.
process.exit(io.exitCode(code))
