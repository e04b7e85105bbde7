/** Headers between the nodes of a cluster: none comes from a client, and none reaches one. */

/** Proves that a request comes from a node. */
export const CLUSTER_SIGNATURE = 'x-couchette-cluster'
/** Both ends of the client's connection: addresses and ports, divided by spaces. */
export const CLUSTER_ENDS = 'x-couchette-cluster-ends'
/** In answers: the position that the node must have applied before it passes the answer on. */
export const CLUSTER_POSITION = 'x-couchette-cluster-position'
