import { parentPort, workerData } from 'node:worker_threads'
import type { FrontThreadData, ToFront } from '../messages.ts'
import { FrontServer } from './front-server.ts'

const port = parentPort
if (port === null) throw new Error('this is the program of a thread')
const server = new FrontServer(port, workerData as FrontThreadData)
const started = server.start()
port.on('message', (message: ToFront) => server.take(message))
await started
