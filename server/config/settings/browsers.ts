import type { Setting } from '../setting.ts'

/** Settings about browsers: requests of other origins, frames, policies for content. */
export const BROWSER_SETTINGS = {
  cors: {
    origins: { kind: 'list', default: [], about: 'Origins that may use the server; `*` for all' },
    credentials: { kind: 'boolean', default: false, about: 'Lets origins send credentials' },
    headers: {
      kind: 'list',
      default: [],
      about: "Request headers that origins may send; empty: CouchDB's list",
    },
    methods: { kind: 'list', default: [], about: 'Methods that origins may use; empty: all' },
    exposed_headers: {
      kind: 'list',
      default: [],
      about: "Response headers that origins may read; empty: CouchDB's",
    },
    max_age: { kind: 'integer', default: 600, unit: 'seconds', about: 'How long a preflight holds' },
  },
  x_frame_options: {
    same_origin: { kind: 'boolean', default: false, about: 'Sends `SAMEORIGIN`, otherwise `DENY` or a host' },
    hosts: {
      kind: 'list',
      default: [],
      about: 'Origins whose pages may frame answers where `same_origin` is off; `*` for all',
    },
  },
  csp: {
    attachments_enable: { kind: 'boolean', default: true, about: 'Sends a policy with attachments' },
    attachments_header_value: { kind: 'text', default: 'sandbox', about: 'The policy for attachments' },
    showlist_enable: { kind: 'boolean', default: true, about: 'Sends a policy with show and list functions' },
    showlist_header_value: {
      kind: 'text',
      default: 'sandbox',
      about: 'The policy for show and list functions',
    },
  },
} as const satisfies Record<string, Record<string, Setting>>
