import { PatternError } from './ast.ts'

/** A place in a pattern, whose characters are bytes. */
export class Cursor {
  readonly text: string
  position = 0

  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.position >= this.text.length
  }

  /** The character here, '' at the end. */
  peek(): string {
    return this.text.charAt(this.position)
  }

  next(): string {
    if (this.atEnd) throw new PatternError('pattern ends too early')
    return this.text.charAt(this.position++)
  }

  skip(count: number): void {
    this.position += count
  }

  /** Goes past `text` when it stands here. */
  accept(text: string): boolean {
    const here = this.text.startsWith(text, this.position)
    if (here) this.position += text.length
    return here
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new PatternError(`missing ${text}`)
  }

  /** Takes what matches here; the expression is to begin with `^`. */
  take(expression: RegExp): string | undefined {
    const found = expression.exec(this.text.slice(this.position, this.position + 256))?.[0]
    if (found !== undefined) this.position += found.length
    return found
  }

  /** Takes everything up to `end`, and goes past it; to the end of the pattern where it is missing. */
  takeUntil(end: string): string {
    const offset = this.text.indexOf(end, this.position)
    const stop = offset < 0 ? this.text.length : offset
    const taken = this.text.slice(this.position, stop)
    this.position = Math.min(stop + end.length, this.text.length)
    return taken
  }
}
