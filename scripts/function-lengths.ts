// Prints how long functions are, and the longest: node --import tsx scripts/function-lengths.ts [FOLDER...]
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

interface Measured {
  readonly place: string
  readonly lines: number
}

const PRODUCT = ['protocol', 'server', 'replicator', 'cli', 'dashboard']
const LONGEST = 15

const folders = process.argv.length > 2 ? process.argv.slice(2) : PRODUCT
const measured = folders
  .flatMap(filesOf)
  .flatMap(functionsOf)
  .sort((a, b) => a.lines - b.lines)
console.log(
  `${measured.length} functions, median ${percentile(0.5)} lines, 90th percentile ${percentile(0.9)}`,
)
for (const { place, lines } of measured.slice(-LONGEST).reverse()) console.log(`${lines} ${place}`)

function percentile(share: number): number {
  return measured[Math.floor(measured.length * share)]?.lines ?? 0
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file) && !file.includes('node_modules'))
    .map(file => join(folder, file))
}

/** Returns the functions of a file, arrow functions too, each with all its lines. */
function functionsOf(path: string): Measured[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Measured[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.end).line
      found.push({ place: `${path}:${first + 1}`, lines: last - first + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
