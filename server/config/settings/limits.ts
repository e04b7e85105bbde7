import type { Setting } from '../setting.ts'

const OFF = 'for no limit'

/** Limits of one client, by address and by user: none until they are set. */
export const LIMIT_SETTINGS = {
  limits: {
    address_requests_per_second: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Requests of one address a second, in the long run; past it the answer is 429; 0 ${OFF}`,
    },
    address_burst: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: 'Requests that one address may send at once after a pause; 0 allows those of one second',
    },
    address_requests: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Requests of one address that are answered at a time, without feeds that wait; past it the answer is 429; 0 ${OFF}`,
    },
    address_feeds: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Feeds of one address that wait for changes; past it the answer is 429; 0 ${OFF}`,
    },
    exempt_addresses: {
      kind: 'list',
      default: [],
      about: 'Addresses and networks without these limits, such as `10.0.0.0/8`',
    },
    user_requests_per_second: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Requests of one user a second, in the long run; past it the answer is 429; 0 ${OFF}. Not for administrators of the server`,
    },
    user_burst: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: 'Requests of one user at once after a rest; 0 for those of one second',
    },
    user_requests: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Requests of one user that are answered at a time, without feeds that wait; past it the answer is 429; 0 ${OFF}`,
    },
    user_feeds: {
      kind: 'integer',
      default: 0,
      min: 0,
      about: `Feeds of one user that wait for changes; past it the answer is 429; 0 ${OFF}`,
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
