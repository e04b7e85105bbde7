import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Networks of a node: to the other nodes, to the engine of the log, and to clients, which is never cut. */
const LINKS = ['peers', 'engine', 'clients'] as const

export type Link = (typeof LINKS)[number]

/**
 * Network namespaces of Linux, one for each node, joined by a bridge for each kind of link. A link that is cut loses packets in
 * silence, as a broken switch does: nobody is told that a connection has ended. Needs root and the command `ip`.
 */
export class NodeNetworks {
  readonly #prefix: string
  readonly #subnet: number
  readonly #count: number

  private constructor(prefix: string, subnet: number, count: number) {
    this.#prefix = prefix
    this.#subnet = subnet
    this.#count = count
  }

  /** Makes namespaces for nodes 0, 1, …; what cannot be made whole is removed. */
  static async make(count: number): Promise<NodeNetworks> {
    const networks = new NodeNetworks(`c${process.pid.toString(36)}`, 1 + (process.pid % 250), count)
    try {
      for (const link of LINKS) await networks.#makeBridge(link)
      for (let node = 0; node < count; node++) await networks.#makeNode(node)
      return networks
    } catch (error) {
      await networks.close()
      throw error
    }
  }

  /** Address of a node in a network. */
  address(node: number, link: Link): string {
    return `10.${77 + LINKS.indexOf(link)}.${this.#subnet}.${node + 1}`
  }

  /** Address of this process in a network. */
  ownAddress(link: Link): string {
    return `10.${77 + LINKS.indexOf(link)}.${this.#subnet}.254`
  }

  /** Returns the command and arguments that run a program in a node's namespace, under the process that is started. */
  inside(node: number, program: string, args: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.#namespace(node), program, ...args]]
  }

  async cut(node: number, link: Link): Promise<void> {
    await ip('link', 'set', this.#end(node, link), 'down')
  }

  async mend(node: number, link: Link): Promise<void> {
    await ip('link', 'set', this.#end(node, link), 'up')
  }

  /** Removes all of it. Idempotent. */
  async close(): Promise<void> {
    for (let node = 0; node < this.#count; node++)
      await ip('netns', 'del', this.#namespace(node)).catch(() => undefined)
    for (const link of LINKS) await ip('link', 'del', this.#bridge(link)).catch(() => undefined)
  }

  async #makeBridge(link: Link): Promise<void> {
    const bridge = this.#bridge(link)
    await ip('link', 'add', bridge, 'type', 'bridge')
    await ip('addr', 'add', `${this.ownAddress(link)}/24`, 'dev', bridge)
    await ip('link', 'set', bridge, 'up')
  }

  async #makeNode(node: number): Promise<void> {
    const namespace = this.#namespace(node)
    await ip('netns', 'add', namespace)
    await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    for (const link of LINKS) {
      const end = this.#end(node, link)
      await ip('link', 'add', end, 'type', 'veth', 'peer', 'name', link, 'netns', namespace)
      await ip('link', 'set', end, 'master', this.#bridge(link))
      await ip('link', 'set', end, 'up')
      await ip('-n', namespace, 'addr', 'add', `${this.address(node, link)}/24`, 'dev', link)
      await ip('-n', namespace, 'link', 'set', link, 'up')
    }
  }

  #namespace(node: number): string {
    return `${this.#prefix}n${node}`
  }

  #bridge(link: Link): string {
    return `${this.#prefix}${link[0]}`
  }

  #end(node: number, link: Link): string {
    return `${this.#prefix}${node}${link[0]}`
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args)
}
