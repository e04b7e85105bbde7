import type { Command } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addCheck } from './commands/check.ts'
import { addCluster } from './commands/cluster.ts'
import { addCompare } from './commands/compare.ts'
import { addCompletion } from './commands/completion.ts'
import { addConflicts } from './commands/conflicts.ts'
import { addCredentials } from './commands/credentials.ts'
import { addDoctor } from './commands/doctor/doctor.ts'
import { addDump } from './commands/dump.ts'
import { addFollow, addPromote } from './commands/follow.ts'
import { addJobs } from './commands/jobs/jobs.ts'
import { addLoad } from './commands/load.ts'
import { addMesh } from './commands/mesh.ts'
import { addMigrate } from './commands/migrate.ts'
import { addProfile } from './commands/profile.ts'
import { addRepair } from './commands/repair.ts'
import { addReplicate } from './commands/replicate.ts'
import { addStream } from './commands/stream.ts'
import { addRestoreDamaged } from './commands/restore-damaged.ts'
import { addRestoreDatabase } from './commands/restore-database.ts'
import { addSecurity } from './commands/security.ts'
import { addTail } from './commands/tail.ts'
import { addTop } from './commands/top.ts'
import { addUsers } from './commands/users.ts'
import { Frame } from './frame/frame.ts'
import type { Io } from './frame/io.ts'
import type { LocalCommands } from './local-commands.ts'

/** The commands that talk to servers, in the order of the help. A new one is a line here (see `README.md`). */
const GROUPS: readonly (readonly [
  title: string,
  commands: readonly ((frame: Frame, local: LocalCommands) => void)[],
])[] = [
  ['Replication:', [addReplicate, addStream, addJobs, addFollow, addPromote, addMigrate]],
  ['Users and rights:', [addUsers, addSecurity, addCredentials]],
  ['Files:', [addDump, addLoad]],
  ['What a server does:', [addTail, addTop, addDoctor]],
  [
    'Databases:',
    [addBackup, addCheck, addRestoreDatabase, addRestoreDamaged, addConflicts, addCompare, addRepair],
  ],
  ['Several nodes, one history:', [addCluster]],
  ['Independent nodes:', [addMesh]],
  ['This program:', [addProfile, addCompletion]],
]

/** Adds the commands that talk to servers. @param done called with the exit code of the one that ran */
export function addRemoteCommands(
  program: Command,
  commands: LocalCommands,
  io: Io,
  done: (code: number) => void,
): void {
  const frame = new Frame(program, io, done)
  for (const [title, adders] of GROUPS) {
    program.commandsGroup(title)
    for (const add of adders) add(frame, commands)
  }
}
