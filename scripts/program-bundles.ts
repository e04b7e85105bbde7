import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { projectFile } from '../harness/project.ts'

/** Programs of threads that load much of the server: hundreds of modules take three times as long as one file of them. */
const THREADS = ['server/threads/front/front-thread', 'server/threads/jobs/job-thread']

/** The program of the command line. What its commands load later are parts beside it. */
const PROGRAM = 'cli/main'
const PART = /^main\.part-.*\.js(\.map)?$/

const OPTIONS: BuildOptions = {
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
}

/** Writes each program with all of the project that it imports as one file or a few, beside the compiled program or in its place. */
export async function bundlePrograms(): Promise<void> {
  await Promise.all([bundleCommandLine(), ...THREADS.map(bundleThread)])
}

async function bundleThread(path: string): Promise<void> {
  await build({
    ...OPTIONS,
    entryPoints: [projectFile(`${path}.ts`)],
    outfile: projectFile(`dist/${path}.bundle.js`),
    plugins: [keepUrls(path)],
  })
}

/** The compiled `main.js`, which would do the same from hundreds of modules, is replaced: it is the program that people start. */
async function bundleCommandLine(): Promise<void> {
  const outdir = projectFile('dist/cli')
  const old = (await readdir(outdir)).filter(name => PART.test(name))
  await Promise.all(old.map(name => rm(join(outdir, name))))
  await build({
    ...OPTIONS,
    entryPoints: [projectFile(`${PROGRAM}.ts`)],
    outdir,
    chunkNames: 'main.part-[hash]',
    splitting: true,
    plugins: [keepUrls(PROGRAM)],
  })
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
