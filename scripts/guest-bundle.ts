import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { projectFile } from '../harness/project.ts'
import { bundlePrograms } from './program-bundles.ts'

const ENTRY = projectFile('server/sandbox/guest/main.ts')
const OUTPUT = projectFile('dist/server/sandbox/guest.js')

/**
 * Bundles the program of the sandbox into one script whose value is its `start`. It has no strict mode: design
 * functions may hand over frozen objects, which the program then leaves as they are, as CouchDB's does.
 */
export function bundleGuest(options: { minify?: boolean } = {}): string {
  const { outputFiles } = buildSync({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'guest',
    target: 'es2023',
    tsconfigRaw: { compilerOptions: { strict: false, alwaysStrict: false } },
    banner: { js: '(() => {' },
    footer: { js: 'return guest.start })()' },
    logLevel: 'warning',
    ...options,
  })
  return outputFiles[0]?.text ?? ''
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(OUTPUT), { recursive: true })
  writeFileSync(OUTPUT, bundleGuest())
  await bundlePrograms()
}
