import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { freePort } from '../../../harness/free-port.ts'
import { tempDir, type TempDir } from '../../helpers/temp.ts'
import { Broker } from '../streams/broker.ts'
import { retried } from '../streams/retried.ts'

const READY_WITHIN_MS = 30_000

/** The Versity gateway of this machine's Go: a server of S3 that verifies signatures, and keeps objects as files. */
export class VersityGateway extends Broker {
  protected readonly port: number

  private constructor(dir: TempDir, port: number) {
    super(dir)
    this.port = port
  }

  /** Starts it with empty buckets. */
  static async start(...buckets: readonly string[]): Promise<VersityGateway> {
    const gateway = new VersityGateway(await tempDir(), await freePort())
    try {
      await gateway.#up(buckets)
      return gateway
    } catch (error) {
      const output = await gateway.output()
      await gateway.close()
      throw new Error(`The gateway does not start: ${output}`, { cause: error })
    }
  }

  /** Environment variables by which backups, and the tools of AWS, reach the gateway. */
  get environment() {
    return {
      AWS_ENDPOINT_URL: `http://${this.address}`,
      AWS_ACCESS_KEY_ID: 'account',
      AWS_SECRET_ACCESS_KEY: 'of the account',
    } as const
  }

  /** Returns the file of an object, or the directory of those below a prefix. */
  file(bucket: string, key: string): string {
    return join(this.dir.path, 'buckets', bucket, key)
  }

  async #up(buckets: readonly string[]): Promise<void> {
    const { path } = this.dir
    // Attributes in files of their own: not each file system takes them.
    const [root, attributes] = [join(path, 'buckets'), join(path, 'attributes')]
    for (const bucket of buckets) await mkdir(join(root, bucket), { recursive: true })
    await mkdir(attributes)
    const { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret } = this.environment
    const account = ['--access', access, '--secret', secret]
    const backend = ['posix', '--sidecar', attributes, root]
    this.spawn(join(homedir(), 'go/bin/versitygw'), [
      '--port',
      this.address,
      ...account,
      '--quiet',
      ...backend,
    ])
    await retried(async () => {
      const { body } = await request(`http://${this.address}/`)
      await body.dump()
    }, READY_WITHIN_MS)
  }
}
