import { compileCoffeeScript, readCompiler } from './coffeescript.ts'
import { prepareSource, type PreparedSource } from './function-source.ts'
import { INITIAL_BYTES, type EngineModule, type EngineModules } from './variant.ts'

/**
 * Turns the source of a function into code for the engine.
 *
 * @throws Error for CoffeeScript that does not compile
 */
export type PrepareFunction = (source: string, language: string, timeoutMs: number) => PreparedSource

const MAX_COMPILED = 100

/** Prepares sources of one worker, and remembers those that took a compiler. */
export class SourcePreparer {
  readonly #modules: EngineModules
  readonly #compiled = new Map<string, string>()
  #coffeeScript: { module: EngineModule; compiler: string } | undefined

  constructor(modules: EngineModules) {
    this.#modules = modules
  }

  /** Makes the CoffeeScript compiler ready before a job, in a new module if a compilation has filled the old one's memory. */
  async readyCoffeeScript(): Promise<void> {
    const { module, compiler } = this.#coffeeScript ?? {}
    const isReusable = module !== undefined && module.memory.buffer.byteLength <= INITIAL_BYTES
    this.#coffeeScript = {
      module: isReusable ? module : await this.#modules.make(),
      compiler: compiler ?? (await readCompiler()),
    }
  }

  readonly prepare: PrepareFunction = (source, language, timeoutMs) =>
    prepareSource(language === 'coffeescript' ? this.#javaScriptOf(source, timeoutMs) : source)

  #javaScriptOf(source: string, timeoutMs: number): string {
    const known = this.#compiled.get(source)
    if (known !== undefined) return known
    if (this.#coffeeScript === undefined) throw new Error('CoffeeScript is not ready')
    const { module, compiler } = this.#coffeeScript
    const code = compileCoffeeScript(module.quickjs, compiler, source, timeoutMs)
    if (this.#compiled.size >= MAX_COMPILED) this.#compiled.clear()
    this.#compiled.set(source, code)
    return code
  }
}
