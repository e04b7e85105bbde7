import { hasLongMarks, isBoundary, MAX_BETWEEN, MAX_MARKS } from './boundary.ts'
import type { KeyWriter } from './key-writer.ts'
import { LevelWriter } from './levels.ts'
import { ENTRY_SHIFT, rootElements, unassignedPrimary, type Contraction, type RootElements } from './root.ts'

const LEVEL_END = 1
const STRING_END = 0
/** Below this, no character takes part in a contraction but `l` and `L`, before a middle dot. */
const ASCII_END = 0x80
const LAST_OF_ONE_UNIT = 0xffff

const secondaries = new LevelWriter()
const tertiaries = new LevelWriter()

/**
 * Writes the sort key of a string: bytes whose order is the order of the CLDR root collation with its three levels.
 * It ends with a zero, which occurs nowhere else in it. Strings that the collation holds for equal have equal keys.
 */
export function writeStringKey(text: string, out: KeyWriter): void {
  writeElements(text, out)
  out.byte(LEVEL_END)
  secondaries.flush(out)
  out.byte(LEVEL_END)
  tertiaries.flush(out)
  out.byte(STRING_END)
}

/** Writes the first level of a string's sort key, with the end of that level: what its whole key begins with. */
export function writeFirstLevel(text: string, out: KeyWriter): void {
  writeElements(text, out)
  out.byte(LEVEL_END)
  forgetLevels()
}

/**
 * Writes what the first level of a string's sort key begins with, by its first characters.
 *
 * @param length so many code units of the string, about
 * @returns false where these do not tell, as what follows belongs to them, or marks do, which are taken in groups
 */
export function writeBeginning(text: string, length: number, out: KeyWriter): boolean {
  let end = length
  while (end > length - MAX_BETWEEN && !isBoundary(text, end)) end--
  const beginning = text.slice(0, end)
  if (end === length - MAX_BETWEEN || /\p{M}/u.test(beginning)) return false
  writeElements(beginning, out)
  forgetLevels()
  return true
}

/** Writes the first level, and keeps the others. */
function writeElements(text: string, out: KeyWriter): void {
  const root = rootElements()
  if (isAscii(text)) writeAscii(text, root, out)
  else writeCodePoints(codePoints(decomposed(text)), root, out)
}

function forgetLevels(): void {
  secondaries.clear()
  tertiaries.clear()
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= ASCII_END) return false
  return true
}

function writeAscii(text: string, root: RootElements, out: KeyWriter): void {
  for (let i = 0; i < text.length; i++) writeEntry(root.entryOf(text.charCodeAt(i)), root, out)
}

const SOME_MARKS = new RegExp(`\\p{M}{1,${MAX_MARKS}}|\\P{M}+`, 'gu')

/** Decomposes a text canonically. More marks on one letter than anybody writes are taken in groups. */
function decomposed(text: string): string {
  if (!hasLongMarks(text)) return text.normalize('NFD')
  return text.replace(SOME_MARKS, part => part.normalize('NFD'))
}

function codePoints(text: string): Uint32Array {
  const points = new Uint32Array(text.length)
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number
    if (point > LAST_OF_ONE_UNIT) i += 1
    points[count++] = point
  }
  return points.subarray(0, count)
}

function writeCodePoints(points: Uint32Array, root: RootElements, out: KeyWriter): void {
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as number
    const found = contractionAt(points, i, root.contractions.get(point))
    if (found === undefined) writeCodePoint(point, root, out)
    else {
      writeEntry(found.entry, root, out)
      i += found.length
    }
  }
}

/**
 * Finds the contraction that begins at `i`; undefined without one. Its further code points then stand right behind `i`.
 *
 * @returns its entry, and the number of its further code points
 */
function contractionAt(
  points: Uint32Array,
  i: number,
  known: readonly Contraction[] = [],
): { readonly entry: number; readonly length: number } | undefined {
  for (const { rest, entry } of known) {
    if (rest.every((point, k) => points[i + 1 + k] === point)) return { entry, length: rest.length }
    const [mark] = rest
    const offset = rest.length === 1 && mark !== undefined ? unblockedMark(points, i + 1, mark) : -1
    if (offset >= 0) {
      points.copyWithin(i + 2, i + 1, offset)
      return { entry, length: 1 }
    }
  }
  return undefined
}

/** Marks of other combining classes may stand between a letter and the mark that it contracts with (UTS #10, S2.1). */
function unblockedMark(points: Uint32Array, from: number, mark: number): number {
  for (let i = from; i < Math.min(points.length, from + MAX_BETWEEN); i++) {
    const point = points[i] as number
    if (point === mark) return i
    if (!reorders(point, mark)) return -1
  }
  return -1
}

/** Returns whether both are combining marks of different classes, of which canonical order allows only one order. */
function reorders(a: number, b: number): boolean {
  const pair = a * PLANES + b
  let known = reordered.get(pair)
  if (known === undefined) {
    const forward = String.fromCodePoint(a, b)
    const backward = String.fromCodePoint(b, a)
    known = forward.normalize('NFD') === backward.normalize('NFD')
    if (reordered.size === MAX_PAIRS) reordered.clear()
    reordered.set(pair, known)
  }
  return known
}

const PLANES = 0x110000
const MAX_PAIRS = 4096
/** By pairs of code points. */
const reordered = new Map<number, boolean>()

function writeCodePoint(point: number, root: RootElements, out: KeyWriter): void {
  const entry = root.entryOf(point)
  if (entry >= 0) return writeEntry(entry, root, out)
  writePrimary(unassignedPrimary(point), out)
  secondaries.common()
  tertiaries.common()
}

function writeEntry(entry: number, root: RootElements, out: KeyWriter): void {
  const start = Math.floor(entry / ENTRY_SHIFT)
  for (let i = start; i < start + (entry % ENTRY_SHIFT); i++) {
    writePrimary(root.primaries[i] as number, out)
    secondaries.secondary(root.secondaries[i] as number)
    tertiaries.tertiary(root.tertiaries[i] as number)
  }
}

/** Primaries have one to four bytes, none of which is zero, and none is the beginning of another. */
function writePrimary(primary: number, out: KeyWriter): void {
  for (let rest = primary; rest !== 0; rest = (rest << 8) >>> 0) out.byte(rest >>> 24)
}
