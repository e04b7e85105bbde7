import { Parser, tokTypes, type Node, type Options, type Program } from 'acorn'

/** The part of acorn's parser that its plugins extend and its types leave out. */
interface ExtensibleParser {
  readonly input: string
  readonly type: unknown
  readonly start: number
  parse(): Program
  startNode(): Node
  finishNode(node: Node, type: string): Node
  parseExpression(): Node
  parseStatement(context: string | null | undefined, topLevel?: boolean, exports?: unknown): Node
  parseBlock(createNewLexicalScope?: boolean, node?: Node, exitStrict?: boolean): Node
}

/** A comment ends at its first end: were it to go on to a later one, sources of many comments would be read in every combination. */
const COMMENT = String.raw`/\*[^*]*\*+(?:[^/*][^*]*\*+)*/`
const IGNORED = String.raw`(?:\s|//[^\n]*\n|${COMMENT})*`
const ANONYMOUS = new RegExp(`${IGNORED}function${IGNORED}\\(`, 'y')

/** Returns whether an anonymous function begins at this place, behind blanks and comments. */
export function startsAnonymous(source: string, index: number): boolean {
  ANONYMOUS.lastIndex = index
  return ANONYMOUS.test(source)
}

const Base = Parser as unknown as new (options: Options, input: string) => ExtensibleParser

/**
 * A parser of scripts in which a statement may be an anonymous function, which is an expression and needs no semicolon:
 * directly in the script or in the body of a function, not in other blocks.
 */
export class LenientParser extends Base {
  /** The statements that only this parser takes. */
  readonly functionStatements: Node[] = []
  #isBody = true

  override parseStatement(context: string | null | undefined, topLevel?: boolean, exports?: unknown): Node {
    const isAccepted = this.#isBody && context === null && this.type === tokTypes._function
    if (!isAccepted || !startsAnonymous(this.input, this.start)) {
      return super.parseStatement(context, topLevel, exports)
    }
    const node = Object.assign(this.startNode(), { expression: this.parseExpression() })
    const statement = this.finishNode(node, 'ExpressionStatement')
    this.functionStatements.push(statement)
    return statement
  }

  override parseBlock(createNewLexicalScope = true, node?: Node, exitStrict?: boolean): Node {
    const before = this.#isBody
    this.#isBody = !createNewLexicalScope
    const block = super.parseBlock(createNewLexicalScope, node, exitStrict)
    this.#isBody = before
    return block
  }
}
