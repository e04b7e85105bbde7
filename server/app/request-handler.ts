import type { RequestHandler } from '../http/connection/listener.ts'
import type { Services } from '../services.ts'
import { Admission } from './admission.ts'
import { type AppOptions, createApp } from './app.ts'
import { Refusals } from './refusals.ts'
import { kindOfRequest } from './request-kind.ts'

/** Returns what answers the requests of this thread: each when its turn comes, see `Admission`. */
export function requestHandler(services: Services, options: AppOptions = {}): RequestHandler {
  const { config } = services
  const admission = new Admission({
    most: () => config.integer('couchette', 'max_running_requests'),
    waitMs: () => config.integer('couchette', 'max_request_wait'),
  })
  const refusals = new Refusals(services)
  const answer = createApp(services, refusals, options).callback()
  return (req, res) => {
    const kind = kindOfRequest(req.url ?? '/')
    if (admission.admit(kind, res, () => void answer(req, res))) return refusals.countTaken()
    refusals.refuse(req)
    void answer(req, res)
  }
}
