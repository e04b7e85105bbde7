import { AnsweredElsewhere } from '../../app/answered-elsewhere.ts'
import type { Services } from '../../services.ts'

/** Services of the routes that a front thread runs. */
export type OwnServices = Pick<
  Services,
  | 'config'
  | 'metrics'
  | 'bodies'
  | 'unreadAnswers'
  | 'readQueue'
  | 'filterQueue'
  | 'clientLimits'
  | 'live'
  | 'feeds'
  | 'serverHeader'
  | 'log'
  | 'restart'
  | 'uuids'
  | 'tracing'
  | 'cluster'
  | 'quorum'
> & {
  readonly catalog: Pick<Services['catalog'], 'open' | 'exists' | 'health'>
  readonly authenticator: Pick<Services['authenticator'], 'authenticate'>
  readonly replicator: {
    readonly access: Pick<Services['replicator']['access'], 'accountOf'>
    readonly loginOrigins: Pick<Services['replicator']['loginOrigins'], 'of'>
  }
}

/** Returns the services of a front thread: a request that needs another one is answered by the store thread. */
export function frontServices(own: OwnServices): Services {
  return new Proxy(own as unknown as Services, {
    get(target, name) {
      if (name in target) return target[name as keyof Services]
      throw new AnsweredElsewhere(String(name))
    },
  })
}
