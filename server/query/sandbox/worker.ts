import { parentPort, workerData } from 'node:worker_threads'
import { newQuickJSWASMModuleFromVariant, RELEASE_SYNC } from 'quickjs-emscripten'
import { EngineHouse } from './engine-house.ts'
import type { PackedRows, WorkerJob, WorkerOptions, WorkerReply } from './messages.ts'

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort
const options = workerData as WorkerOptions
const house = new EngineHouse(await newQuickJSWASMModuleFromVariant(RELEASE_SYNC), options)

Atomics.add(new Int32Array(options.progress), 0, 1)
port.on('message', (job: WorkerJob) => {
  const reply = house.run(job)
  port.postMessage(reply, transferable(reply))
})

function transferable(reply: WorkerReply): ArrayBuffer[] {
  const rows: PackedRows | undefined = reply.outcome.kind === 'rows' ? reply.outcome.rows : undefined
  return rows === undefined ? [] : [rows.bytes.buffer as ArrayBuffer, rows.index.buffer as ArrayBuffer]
}
