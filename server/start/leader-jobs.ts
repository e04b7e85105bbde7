import { PerUserDatabases } from '../auth/users/peruser.ts'
import { DatabaseEvents } from '../changes/database-events.ts'
import type { LeaderWork } from '../cluster/service/election.ts'
import { componentLog } from '../log/log.ts'
import type { Services } from '../services.ts'
import { Disposal } from './disposal.ts'
import type { DatabaseParts } from './open-databases.ts'
import type { NodeParts } from './open-node.ts'
import { createSystemDatabases } from './system-databases.ts'

/** Work of the leader of a cluster: all that writes to databases without a request. It begins again with each leadership. */
export class LeaderJobs implements LeaderWork {
  readonly #node: NodeParts
  readonly #databases: DatabaseParts
  readonly #services: Services
  #running: Disposal | undefined

  constructor(node: NodeParts, databases: DatabaseParts, services: Services) {
    this.#node = node
    this.#databases = databases
    this.#services = services
  }

  async begin(): Promise<void> {
    await this.end()
    const running = (this.#running = new Disposal())
    const { config, log } = this.#node
    const { catalog, replicator, followers, mesh, conflicts, autoCompaction, retention } = this.#services
    await createSystemDatabases(catalog)
    this.#databases.users.ensureDesign()
    const feedLog = componentLog(log, 'feeds')
    const events = new DatabaseEvents(catalog, error => feedLog.error({ err: error }, '_db_updates failed'))
    running.add(() => events.close())
    const perUser = new PerUserDatabases(config, catalog, componentLog(log, 'auth'))
    running.add(() => perUser.close())
    running.add(() => replicator.stopTransient())
    running.add(() => followers.pause())
    running.add(() => mesh.pause())
    await followers.start()
    await mesh.start()
    conflicts.startAgain(catalog)
    retention.startAgain()
    autoCompaction.noteAll()
  }

  async end(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.close()
  }
}
