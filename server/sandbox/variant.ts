import { newQuickJSWASMModuleFromVariant, RELEASE_SYNC } from 'quickjs-emscripten'
import type { QuickJSSyncVariant, QuickJSWASMModule } from 'quickjs-emscripten'
import { newWasmMemory, type WasmMemory } from './wasm-memory.ts'

type Loader = Extract<
  Awaited<ReturnType<QuickJSSyncVariant['importModuleLoader']>>,
  (...args: never[]) => unknown
>
type Module = Awaited<ReturnType<Loader>>

/** Memory that QuickJS was compiled to begin with; what of it is not used costs nothing. */
export const INITIAL_BYTES = 16 * 1024 * 1024

/** A QuickJS with a WebAssembly memory of its own. */
export interface EngineModule {
  readonly quickjs: QuickJSWASMModule
  readonly memory: WasmMemory
}

/**
 * Makes modules whose memory has a bound that nothing in them passes. (QuickJS' own limit does not hold: its
 * allocator, as compiled to WebAssembly, cannot tell how large a block is.)
 */
export class EngineModules {
  readonly #memoryBytes: number

  /** @param memoryBytes the bound; it cannot be lower than INITIAL_BYTES */
  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes
  }

  async make(): Promise<EngineModule> {
    const memory = newWasmMemory({ initial: INITIAL_BYTES, maximum: this.#memoryBytes })
    return { quickjs: await newQuickJSWASMModuleFromVariant(variant(memory)), memory }
  }
}

/**
 * QuickJS, whose texts are handed over by Node.js' encoder: that of Emscripten goes character by character, which for
 * documents takes almost as long as their parsing.
 */
function variant(wasmMemory: WasmMemory): QuickJSSyncVariant {
  return {
    ...RELEASE_SYNC,
    importModuleLoader: async () => {
      const load = await RELEASE_SYNC.importModuleLoader()
      return typeof load === 'function'
        ? async options => withEncoder(await load({ ...options, wasmMemory }))
        : load
    },
  }
}

function withEncoder(module: Module): Module {
  const encoder = new TextEncoder()
  module.lengthBytesUTF8 = text => Buffer.byteLength(text)
  module.stringToUTF8 = (text, at, most = Infinity) => {
    // The memory is another one after it has grown.
    const memory = module.HEAPU8
    const { written } = encoder.encodeInto(text, memory.subarray(at, at + most - 1))
    memory[at + written] = 0
  }
  return module
}
