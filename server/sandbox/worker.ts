import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { EngineCache } from './engine-cache.ts'
import {
  ProgressCounter,
  type PackedRows,
  type WorkerAnswer,
  type EngineCommand,
  type WorkerOptions,
  type WorkerQuestion,
  type WorkerReply,
} from './messages.ts'

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort
const options = workerData as WorkerOptions
const progress = new Int32Array(options.progress)
const engines = new EngineCache(options, exchange)

Atomics.add(progress, ProgressCounter.calls, 1)
port.on('message', (job: EngineCommand) => void answer(job))

async function answer(job: EngineCommand): Promise<void> {
  const reply = await engines.run(job)
  port.postMessage(reply, transferable(reply))
}

function transferable(reply: WorkerReply): ArrayBuffer[] {
  const rows: PackedRows | undefined = reply.outcome.kind === 'rows' ? reply.outcome.rows : undefined
  return rows === undefined ? [] : [rows.bytes.buffer as ArrayBuffer, rows.index.buffer as ArrayBuffer]
}

/** Asks the pool, for the job that runs; the thread sleeps until there is an answer. */
function exchange(said: string): string | undefined {
  const answers = Atomics.load(progress, ProgressCounter.answers)
  port.postMessage({ said } satisfies WorkerQuestion)
  Atomics.wait(progress, ProgressCounter.answers, answers)
  const received = receiveMessageOnPort(port) as { message: WorkerAnswer } | undefined
  return received?.message.heard
}
