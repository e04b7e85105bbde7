import { parentPort } from 'node:worker_threads'
import { IngestJob } from './ingest-job.ts'
import type { IngestReply, IngestRequest } from './messages.ts'

const jobs = new Map<number, IngestJob>()

function reply(message: IngestReply): void {
  parentPort?.postMessage(message)
}

function perform(request: IngestRequest): void {
  const { job: number } = request
  const job = jobs.get(number)
  switch (request.kind) {
    case 'open':
      jobs.set(number, new IngestJob(request.options, () => reply({ kind: 'need-file', job: number })))
      return
    case 'chunk':
      try {
        job?.write(new Uint8Array(request.memory, 0, request.length))
      } finally {
        reply({ kind: 'taken', job: number, slot: request.slot })
      }
      return
    case 'file':
      job?.useFile(request.fd)
      break
    case 'end':
      job?.end()
      break
    case 'abort':
      jobs.delete(number)
      reply({ kind: 'aborted', job: number })
      return
  }
  const result = job?.result()
  if (result === undefined) return
  jobs.delete(number)
  reply({ kind: 'done', job: number, result })
}

parentPort?.on('message', (request: IngestRequest) => {
  try {
    perform(request)
  } catch (error) {
    jobs.delete(request.job)
    reply({
      kind: 'failed',
      job: request.job,
      message: error instanceof Error ? error.message : String(error),
    })
  }
})
