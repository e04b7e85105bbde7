/** Couchette's own version. */
export const VERSION = '0.1.0'

/** The CouchDB whose behaviour is the specification. */
export const COUCHDB_VERSION = '3.5.0'

/** The header `Server` of answers. */
export const SERVER_HEADER = `CouchDB/${COUCHDB_VERSION} (Couchette/${VERSION})`
