import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a worker thread.
 *
 * @param path the module beside the caller, without its extension: "./worker"
 * @param base the caller's `import.meta.url`
 * @param options with `isBundled` where the build makes one file of the module and all that it imports
 */
export function startThread(
  path: string,
  base: string,
  { isBundled = false, ...options }: WorkerOptions & { readonly isBundled?: boolean } = {},
): Worker {
  if (!base.endsWith('.ts'))
    return new Worker(new URL(`${path}${isBundled ? '.bundle' : ''}.js`, base), options)
  // Run from source, Node 20 does not hand the loader that understands TypeScript down to threads.
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const module = JSON.stringify(new URL(`${path}.ts`, base).href)
  const source = `import(${loader}).then(tsx => { tsx.register(); return import(${module}) })`
  return new Worker(source, { ...options, eval: true })
}
