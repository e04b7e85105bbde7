import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { AT_A_TIME, type BenchBroker } from './broker.ts'

/** Starts the nats-server of ~/go/bin with JetStream. */
export async function startNats(): Promise<BenchBroker> {
  const directory = await mkdtemp(join(tmpdir(), 'couchette-bench-nats-'))
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', directory, '--ports_file_dir', directory]
  const server = spawn(join(homedir(), 'go/bin/nats-server'), args, { stdio: 'ignore' })
  const url = await addressIn(directory)
  const connection = await connect({ servers: url })
  const [client, manager] = [jetstream(connection), await jetstreamManager(connection)]
  return {
    name: 'NATS',
    make: async name => void (await manager.streams.add({ name, subjects: [`${name}.>`] })),
    publish: async (name, texts) => {
      for (let at = 0; at < texts.length; at += AT_A_TIME)
        await Promise.all(
          texts.slice(at, at + AT_A_TIME).map((text, n) => client.publish(`${name}.${at + n}`, text)),
        )
    },
    consume: async (name, count) => {
      const messages = await (await client.consumers.get(name)).consume({ max_messages: 2000 })
      let read = 0
      for await (const message of messages) {
        JSON.parse(message.string())
        if (++read === count) break
      }
      await messages.close()
    },
    source: name => ({ url, stream: name, subject: `${name}.>` }),
    sink: name => ({ url, stream: name, subject: `${name}.{id}` }),
    close: async () => {
      await connection.close()
      server.kill('SIGKILL')
      await once(server, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function addressIn(directory: string): Promise<string> {
  for (;;) {
    await sleep(50)
    const file = (await readdir(directory)).find(name => name.endsWith('.ports'))
    const text = file === undefined ? '' : await readFile(join(directory, file), 'utf8')
    if (text !== '') return (JSON.parse(text) as { nats: [string] }).nats[0]
  }
}
