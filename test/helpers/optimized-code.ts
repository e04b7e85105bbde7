// Tells whether V8 optimizes a function that runs often: while the program is loaded, and after that. Needs --allow-natives-syntax.
import { compileFunction } from 'node:vm'
import { keepHeapsSmall, letHeapsGrow, spareMemoryToLoad } from '../../server/node/heap-size.ts'

const ROUNDS = 400
const STEPS = 20_000
/** V8's bit of a function whose code is optimized. */
const OPTIMIZED = 1 << 4

const statusOf = compileFunction('return %GetOptimizationStatus(work)', ['work']) as (work: unknown) => number

/** Runs a function of its own as often as V8 needs to find it worth optimizing, with pauses in which it may. */
async function isOptimized(): Promise<boolean> {
  const work = compileFunction('let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum', [
    'n',
  ]) as (n: number) => number
  for (let round = 0; round < ROUNDS; round++) {
    work(STEPS)
    if ((statusOf(work) & OPTIMIZED) !== 0) return true
    await new Promise(resolve => setImmediate(resolve))
  }
  return false
}

spareMemoryToLoad()
const whileLoading = await isOptimized()
if (process.argv[2] === 'normal') letHeapsGrow()
else keepHeapsSmall()
console.log(JSON.stringify({ whileLoading, afterwards: await isOptimized() }))
