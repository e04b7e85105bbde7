import type { IncomingMessage, ServerResponse } from 'node:http'
import { CouchError, fail } from '../../../protocol/errors.ts'
import { noteForwarded } from '../../http/connection/forwarded-request.ts'
import type { RequestHandler } from '../../http/connection/listener.ts'
import { methodOf } from '../../http/request/request-line.ts'
import type { Cluster } from '../service/cluster.ts'
import { CLUSTER_ENDS, CLUSTER_POSITION, CLUSTER_SIGNATURE } from '../nodes/headers.ts'
import { ClusterForwarder } from './forwarder.ts'
import { answerNode, isNodePath, sendText } from './node-requests.ts'
import { servedBy } from './served-here.ts'
import { isClosed } from '../../http/response/is-closed.ts'

/**
 * Takes the requests of a node before its application: reads are answered here, everything else by the leader. A request is
 * forwarded once; it has the client's own credentials, which the leader checks as if the client had asked there.
 */
export class ClusterFront {
  readonly #cluster: Cluster
  readonly #handle: RequestHandler
  readonly #forwarder: ClusterForwarder

  constructor(cluster: Cluster, handle: RequestHandler) {
    this.#cluster = cluster
    this.#handle = handle
    this.#forwarder = new ClusterForwarder(cluster.signature)
  }

  /** Answers a request, here or at the leader. */
  readonly onRequest: RequestHandler = (req, res) => {
    const isFromNode = this.#takeHeaders(req)
    if (isFromNode && isNodePath(req.url ?? '')) return void answerNode(this.#cluster, req, res)
    if (isFromNode) return this.#answerForwarded(req, res)
    const by = this.#servedBy(req)
    if (this.#cluster.isLeader) return this.#answerHere(req, res, by === 'here when current')
    if (by === 'leader') return this.#forward(req, res)
    this.#answerHere(req, res, by === 'here when current')
  }

  close(): void {
    this.#forwarder.close()
  }

  #servedBy(req: IncomingMessage): ReturnType<typeof servedBy> {
    return servedBy(methodOf(req), req.url ?? '/')
  }

  /** Takes the headers of the cluster from a request. @returns true where a node has signed them */
  #takeHeaders(req: IncomingMessage): boolean {
    const { headers, method = 'GET', url = '/' } = req
    const signature = headers[CLUSTER_SIGNATURE]
    const ends = headers[CLUSTER_ENDS]
    if (signature === undefined && ends === undefined) return false
    delete headers[CLUSTER_SIGNATURE]
    delete headers[CLUSTER_ENDS]
    if (typeof signature !== 'string' || !this.#cluster.signature.isOf(signature, method, url)) return false
    const [remoteAddress = '', remotePort, localAddress, localPort] = String(ends).split(' ')
    noteForwarded(req, {
      ends: { remoteAddress, remotePort: Number(remotePort), localAddress, localPort: Number(localPort) },
      approve: () => undefined,
    })
    return true
  }

  /** A request that a node has forwarded is for the leader, and is forwarded no more. */
  #answerForwarded(req: IncomingMessage, res: ServerResponse): void {
    if (!this.#cluster.isLeader) return this.#refuse(req, res, fail('notLeader'))
    this.#tellPosition(res)
    this.#answerHere(req, res, this.#servedBy(req) === 'here when current')
  }

  /** Has the answer say up to where the node that forwarded must have applied the log. */
  #tellPosition(res: ServerResponse): void {
    const writeHead = res.writeHead.bind(res)
    res.writeHead = ((...args: Parameters<ServerResponse['writeHead']>) => {
      if (!res.headersSent) res.setHeader(CLUSTER_POSITION, String(this.#cluster.group?.position ?? 0))
      return writeHead(...args)
    }) as ServerResponse['writeHead']
  }

  #answerHere(req: IncomingMessage, res: ServerResponse, needsCurrent: boolean): void {
    const isFresh = this.#cluster.config.text('cluster', 'reads') === 'fresh'
    if (!needsCurrent && !isFresh) return this.#handle(req, res)
    const caughtUp = isFresh ? this.#cluster.refresh() : this.#cluster.catchUp()
    caughtUp.then(
      () => this.#handle(req, res),
      (error: unknown) => this.#refuse(req, res, error),
    )
  }

  /** Forwards a request to the leader, as soon as there is one that can be reached. */
  #forward(req: IncomingMessage, res: ServerResponse, until = this.#forwardUntil()): void {
    const { leader, address, counters } = this.#cluster
    if (this.#cluster.isLeader) return this.#answerHere(req, res, false)
    if (leader === undefined || leader.node === address.node) return this.#forwardLater(req, res, until)
    counters.forwarded += 1
    this.#forwarder.forward(req, res, {
      to: leader.url,
      signal: this.#cluster.leadership.signal,
      whenApplied: position => this.#cluster.whenApplied(position),
      onFailure: failure => {
        counters.forwardFailures += 1
        if (failure === 'unreached') this.#forwardLater(req, res, until)
        else this.#refuse(req, res, fail('leaderUnavailable'))
      },
    })
  }

  /** Nothing of the request was read yet: it waits for the next leader. */
  #forwardLater(req: IncomingMessage, res: ServerResponse, until: number): void {
    const { unreachable, stopped } = this.#cluster
    if (performance.now() > until || unreachable !== undefined || stopped !== undefined)
      return this.#refuse(req, res, fail('noLeader'))
    setTimeout(() => {
      if (!isClosed(res)) this.#forward(req, res, until)
    }, FORWARD_AGAIN_MS)
  }

  #forwardUntil(): number {
    return performance.now() + this.#cluster.config.integer('cluster', 'write_timeout')
  }

  #refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    const { status, reason, error: name } = error instanceof CouchError ? error : fail('noLeader')
    req.resume()
    if (res.headersSent || isClosed(res)) return
    sendText(res, status, { error: name, reason }, { 'retry-after': '1' })
  }
}

const FORWARD_AGAIN_MS = 50
