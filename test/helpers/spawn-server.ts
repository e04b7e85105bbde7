/** The command-line program as a process of its own on a free port, for tests that kill it. */
export { startNode as spawnServer } from '../../harness/child-server.ts'
