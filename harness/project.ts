import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const COMPILED = import.meta.url.endsWith('.js')

/** The project's root, from its sources and from `dist/`. */
export const ROOT = join(import.meta.dirname, COMPILED ? '../..' : '..')

/** Returns the path of a file of the project, given from its root: "docs/metrics.md". */
export function projectFile(path: string): string {
  return join(ROOT, path)
}

/** Returns node's arguments that load a module of the project in front of the program. */
export function importing(module: string): string[] {
  return ['--import', moduleUrl(module)]
}

/** Returns the URL of a module of the project, given without an extension. */
export function moduleUrl(module: string): string {
  return pathToFileURL(projectFile(COMPILED ? `dist/${module}.js` : `${module}.ts`)).href
}

/**
 * Returns node's arguments that run a module of the project: compiled when the caller runs from `dist/`, otherwise its source.
 *
 * @param module its path without an extension: "cli/main"
 */
export function program(module: string): string[] {
  return COMPILED
    ? [projectFile(`dist/${module}.js`)]
    : ['--import', projectFile('node_modules/tsx/dist/loader.mjs'), projectFile(`${module}.ts`)]
}
