import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { QuickJSContext, QuickJSWASMModule } from 'quickjs-emscripten'
import { CallClock } from './call-clock.ts'

/** The build for browsers, which needs nothing but JavaScript. */
const COMPILER = 'coffeescript/lib/coffeescript-browser-compiler-legacy/coffeescript.js'
const MEMORY_BYTES = 64 * 1024 * 1024
const STACK_BYTES = 256 * 1024

/** Reads the compiler's source, half a megabyte, which the engine of a compilation evaluates. */
export function readCompiler(): Promise<string> {
  return readFile(createRequire(import.meta.url).resolve(COMPILER), 'utf8')
}

/**
 * Compiles CoffeeScript to JavaScript, in an engine of its own that is dropped afterwards: a hostile source can use up
 * its time and memory, and nothing else.
 *
 * @throws Error with the compiler's message
 */
export function compileCoffeeScript(
  module: QuickJSWASMModule,
  compiler: string,
  source: string,
  timeoutMs: number,
): string {
  const clock = new CallClock(() => undefined)
  clock.begin(timeoutMs)
  const runtime = module.newRuntime({
    memoryLimitBytes: MEMORY_BYTES,
    maxStackSizeBytes: STACK_BYTES,
    interruptHandler: () => clock.isOver,
  })
  const context = runtime.newContext()
  run(context, `(function () {${compiler}}).call(globalThis)`)
  const code = run(context, `CoffeeScript.compile(${JSON.stringify(source)}, { bare: true })`)
  context.dispose()
  runtime.dispose()
  return code
}

function run(context: QuickJSContext, code: string): string {
  const result = context.evalCode(code, 'coffeescript.js')
  if (result.error === undefined) {
    const text = context.getString(result.value)
    result.value.dispose()
    return text
  }
  const thrown = context.dump(result.error) as { name?: string; message?: string } | null
  throw new Error(`${thrown?.name ?? 'Error'}: ${thrown?.message ?? 'out of memory'}`)
}
