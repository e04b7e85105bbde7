/** The one node that there is, named as CouchDB names the node of a fresh installation. */
export const NODE_NAME = 'couchdb@127.0.0.1'
