import { parentPort } from 'node:worker_threads'
import { IngestJob } from './ingest-job.ts'
import { free } from './memory.ts'
import type { IngestReply, IngestRequest } from './messages.ts'

const jobs = new Map<number, IngestJob>()

function reply(message: IngestReply): void {
  parentPort?.postMessage(message)
}

function perform(request: IngestRequest): void {
  switch (request.kind) {
    case 'work':
      work(request)
      break
    case 'file':
      jobs.get(request.job)?.useFile(request.file)
      break
    case 'abort':
      jobs.delete(request.job)
      reply({ kind: 'aborted', job: request.job })
      return
  }
  const result = jobs.get(request.job)?.result()
  if (result === undefined) return
  jobs.delete(request.job)
  reply({ kind: 'done', job: request.job, result })
}

function work({ job: number, begin, pieces, end }: IngestRequest & { readonly kind: 'work' }): void {
  if (begin !== undefined) {
    jobs.set(number, new IngestJob(begin, () => reply({ kind: 'need-file', job: number })))
  }
  const job = jobs.get(number)
  if (job === undefined) return
  for (const bytes of pieces) job.write(bytes)
  free(pieces)
  if (end) job.end()
  else reply({ kind: 'taken', job: number })
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
