import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../../harness/project.ts'

export interface SourceFile {
  /** From the project's root: "server/routes/changes.ts". */
  readonly path: string
  readonly text: string
  /** The project's files that it imports, by path, and packages and builtins by name. */
  readonly imports: readonly string[]
}

/** All TypeScript files of a folder of the project. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .map(file => sourceFile(join(folder, file)))
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const imports = ts.preProcessFile(text).importedFiles.map(({ fileName }) => resolve(path, fileName))
  return { path, text, imports }
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(from), specifier)) : specifier
}
