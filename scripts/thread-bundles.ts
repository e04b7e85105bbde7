import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { projectFile } from '../harness/project.ts'

/** Programs of threads that load much of the server: hundreds of modules take three times as long as one file of them. */
const PROGRAMS = ['server/threads/front/front-thread', 'server/threads/jobs/job-thread']

/** Writes each program with all of the project that it imports as one file, beside the compiled program. */
export async function bundleThreads(): Promise<void> {
  await Promise.all(
    PROGRAMS.map(path =>
      build({
        entryPoints: [projectFile(`${path}.ts`)],
        outfile: projectFile(`dist/${path}.bundle.js`),
        bundle: true,
        packages: 'external',
        platform: 'node',
        format: 'esm',
        target: 'node20',
        sourcemap: 'linked',
        sourcesContent: false,
        logLevel: 'warning',
        plugins: [keepUrls(`${path}.ts`)],
      }),
    ),
  )
}

/** Keeps `import.meta.url` of each module as it is without the bundle: files are found and threads are started by it. */
function keepUrls(program: string): Plugin {
  return {
    name: 'keep-urls',
    setup: build => {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const to = relative(projectFile(`${program}/..`), path).replace(/\.ts$/, '.js')
        const url = `new URL(${JSON.stringify(to)}, import.meta.url).href`
        return { contents: source.replaceAll('import.meta.url', url), loader: 'ts' }
      })
    },
  }
}
