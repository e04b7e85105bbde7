import { type DatabaseName, isDatabaseName } from '../../../protocol/database-name.ts'
import { CouchError, fail } from '../../../protocol/errors.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { WriteRequest } from '../../database/commit/write-request.ts'
import type { DatabaseRecord } from '../../database/database-record.ts'
import { askNode, NODE_PATHS } from '../nodes/node-client.ts'
import {
  decodeAnswer,
  decodeRequest,
  encodeError,
  encodeRequest,
  encodeResult,
  isPortable,
  type PortableAnswer,
  type PortableWrite,
} from '../nodes/portable-write.ts'
import type { ClusterState } from './cluster-state.ts'

interface WrittenDatabase {
  readonly name: DatabaseName
  readonly record: Pick<DatabaseRecord, 'number'>
}

/** Writes of this node itself, such as the states of its jobs, which the leader carries out. */
export class LeaderWrites {
  readonly #cluster: ClusterState & { whenApplied(position: number): Promise<void> }

  constructor(cluster: ClusterState & { whenApplied(position: number): Promise<void> }) {
    this.#cluster = cluster
  }

  /**
   * Has the leader carry out a request; resolves when this node has applied what was written.
   *
   * @returns undefined for a request that only the node itself could carry out
   * @throws `noLeader`, and what the leader refuses it with
   */
  ask(database: WrittenDatabase, request: WriteRequest): Promise<unknown> | undefined {
    if (this.#cluster.isLeader || !isPortable(request)) return undefined
    const { name, record } = database
    return this.#send({ database: name, number: record.number, request: encodeRequest(request) })
  }

  async #send(body: PortableWrite): Promise<unknown> {
    const { leader, address, signature, config } = this.#cluster
    if (leader === undefined || leader.node === address.node) throw fail('noLeader')
    const signal = AbortSignal.timeout(config.integer('cluster', 'write_timeout'))
    const answer = await askNode<PortableAnswer>(signature, leader.url, NODE_PATHS.write, {
      body,
      signal,
    }).catch(() => {
      throw fail('noLeader')
    })
    // What was written was written, also where this node is late.
    if ('position' in answer) await this.#cluster.whenApplied(answer.position).catch(() => undefined)
    return decodeAnswer(answer)
  }
}

/** Carries out what another node wants written, as the leader. @throws `notLeader` */
export async function carryOut(
  cluster: ClusterState,
  catalog: Catalog,
  { database: name, number, request }: PortableWrite,
): Promise<PortableAnswer> {
  if (!cluster.isLeader) throw fail('notLeader')
  try {
    if (!isDatabaseName(name)) throw fail('noDatabase')
    const database = await catalog.open(name)
    if (database.record.number !== number) throw fail('noDatabase')
    const result = await database.write(decodeRequest(request))
    return { position: cluster.group?.position ?? 0, result: encodeResult(result) }
  } catch (error) {
    if (!(error instanceof CouchError)) throw error
    return { refused: encodeError(error) }
  }
}
