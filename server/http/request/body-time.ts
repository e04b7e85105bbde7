/** Header with the milliseconds in which the request's body came; set where a body is read. */
export const BODY_TIME = 'X-CouchDB-Body-Time'
