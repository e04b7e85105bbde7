import type { Expression, Node, Options, Program } from 'acorn'
import { LenientParser, startsAnonymous } from './lenient-parser.ts'

/** Code for the engine. */
export interface PreparedSource {
  /** Evaluates to the function. */
  readonly code: string
  /** Evaluated where `code` does not compile: the engine's error then is about the source as it was written. */
  readonly plain: string
}

type Statement = Program['body'][number]

interface Insertion {
  readonly at: number
  readonly text: string
}

const OPTIONS: Options = { ecmaVersion: 'latest' }
const WITHOUT_VALUE = new Set([
  'FunctionDeclaration',
  'VariableDeclaration',
  'ClassDeclaration',
  'EmptyStatement',
])

/**
 * Prepares the source of a function as CouchDB reads it: a script whose last value is the function, and in which a
 * statement may be an anonymous function. What the script declares, other functions of the design document do not see.
 * (CouchDB: share/server/util.js, compileFunction; src/couch_quickjs/patches/01-spidermonkey-185-mode.patch)
 */
export function prepareSource(source: string): PreparedSource {
  // Not in parentheses: the engine's message for a source that ends too early then names its end.
  const plain = startsAnonymous(source, 0) ? `globalThis.compiled = ${source}` : source
  try {
    return { code: isolate(source), plain }
  } catch {
    // Sources that acorn refuses or cannot handle are left to the engine.
    return { code: plain, plain }
  }
}

/** @throws SyntaxError, RangeError for what is nested too deeply */
function isolate(source: string): string {
  const parser = new LenientParser(OPTIONS, source)
  const { body } = parser.parse()
  const last = body.findLast(({ type }) => !WITHOUT_VALUE.has(type))
  if (last !== undefined && last.type !== 'ExpressionStatement') {
    // The value of a loop or a block is the engine's to find.
    const text = insert(source, wrapAll(source, parser.functionStatements, '('))
    return `(function () { return eval(${JSON.stringify(text)}) }).call(globalThis)`
  }
  const name = unusedName(source)
  const values = body.filter(isValue)
  // The comma keeps an anonymous function from taking the variable's name.
  const inner = parser.functionStatements.filter(node => !values.includes(node as Statement))
  const text = insert(source, [...wrapAll(source, values, `${name} = (0, `), ...wrapAll(source, inner, '(')])
  return `(function (${name}) {${text}\n${globalsOf(values)}return ${name}}).call(globalThis)`
}

function isValue(node: Statement): boolean {
  return node.type === 'ExpressionStatement' && node.directive === undefined
}

function wrapAll(source: string, statements: readonly Node[], before: string): Insertion[] {
  return statements.flatMap(({ start, end }) => [
    { at: start, text: before },
    source[end - 1] === ';' ? { at: end - 1, text: ')' } : { at: end, text: ');' },
  ])
}

function insert(source: string, insertions: readonly Insertion[]): string {
  let text = ''
  let done = 0
  // Equal places keep their order: what ends one statement comes before what begins the next.
  for (const { at, text: inserted } of insertions.toSorted((a, b) => a.at - b.at)) {
    text += source.slice(done, at) + inserted
    done = at
  }
  return text + source.slice(done)
}

/** Declares what the script assigns to without a declaration, which else all functions would share. */
function globalsOf(values: readonly Statement[]): string {
  const names = values.flatMap(node => (node.type === 'ExpressionStatement' ? assigned(node.expression) : []))
  return names.length === 0 ? '' : `var ${[...new Set(names)].join()}\n`
}

function assigned(expression: Expression): string[] {
  if (expression.type === 'SequenceExpression') return expression.expressions.flatMap(assigned)
  if (expression.type !== 'AssignmentExpression' || expression.operator !== '=') return []
  const { left, right } = expression
  return left.type === 'Identifier' ? [left.name, ...assigned(right)] : assigned(right)
}

function unusedName(source: string): string {
  let name = 'value'
  while (source.includes(name)) name += '_'
  return name
}
