import { existsSync, readdirSync, readFileSync } from 'node:fs'
import base from './package.json' with { type: 'json' }
import engines from './ava.engines.config.js'

/** Signs of a test that starts a server, a process or a thread, or works on a disk. */
const SLOW =
  /createServer|startServer|startScript|spawn|execFile|\bfork\(|tempDir|openStore\(|new Engine|new Sandbox|from '[^']*(?:helpers\/(?:server|with-server|secured-server|spawn-server|pouch|replication|faults\/)|harness\/)/

const all = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(file =>
  file.endsWith('.test.ts'),
)
const quick = all.filter(file => !file.startsWith('engines/'))

/** The sets of tests that `scripts/run-tests.ts` runs. */
const SETS = {
  all: quick,
  fast: quick.filter(
    file => !/^(interop|conformance|bench)\//.test(file) && !SLOW.test(readFileSync(`test/${file}`, 'utf8')),
  ),
  engines: all.filter(file => file.startsWith('engines/')),
}

const set = process.env.TEST_SET ?? 'all'
const {
  timeout,
  concurrency,
  workerThreads,
  environmentVariables = {},
} = set === 'engines' ? engines : base.ava

/**
 * Tests as the build compiled them: a file loads in half the time that it takes from its source. Its files are those that have a source, so
 * that what an older build left behind is not run.
 */
export default {
  files: SETS[set].map(file => `dist/test/${file.replace(/\.ts$/, '.js')}`).filter(file => existsSync(file)),
  timeout,
  concurrency,
  workerThreads,
  environmentVariables,
  require: ['./dist/test/helpers/end-of-file.js'],
}
