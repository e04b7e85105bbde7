import { readdirSync, readFileSync } from 'node:fs'
import base from './package.json' with { type: 'json' }

/** Signs of a test that starts a server, a process or a thread, or works on a disk. */
const SLOW =
  /createServer|startServer|startScript|spawn|execFile|\bfork\(|tempDir|openStore\(|new Engine|new Sandbox|from '[^']*(?:helpers\/(?:server|with-server|secured-server|spawn-server|pouch|replication|faults\/)|harness\/)/

const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.test.ts') && !/^(engines|interop|conformance|bench)\//.test(file))
  .map(file => `test/${file}`)

/** The pure and the in-memory tests: `npm run test:fast`. */
export default {
  ...base.ava,
  files: tests.filter(file => !SLOW.test(readFileSync(file, 'utf8'))),
}
