import { parentPort, workerData } from 'node:worker_threads'
import type { FollowerData, ToJobs } from '../messages.ts'
import { JobServer } from './job-server.ts'

const port = parentPort
if (port === null) throw new Error('this is the program of a thread')
const server = new JobServer(port, workerData as FollowerData)
const started = server.start()
port.on('message', (message: ToJobs) => server.take(message))
await started
