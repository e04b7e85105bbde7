/** Headers between the threads: none comes from a client, and none reaches one. */
export const LINK_TOKEN = 'x-couchette-link'
/** Both ends of the client's connection: addresses and ports, divided by spaces. */
export const LINK_ENDS = 'x-couchette-ends'
/** The request announces no body: Node.js would announce one in chunks. */
export const LINK_BODYLESS = 'x-couchette-bodyless'
/** In answers: an `Approval`, as base64url of JSON. */
export const LINK_APPROVAL = 'x-couchette-approval'

/** Requests with a header that begins so are for the store thread. */
export const INTERNAL_PREFIX = 'x-couchette-'
