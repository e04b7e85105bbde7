import { RELEASE_SYNC, type QuickJSSyncVariant } from 'quickjs-emscripten'

type Loader = Extract<
  Awaited<ReturnType<QuickJSSyncVariant['importModuleLoader']>>,
  (...args: never[]) => unknown
>
type Module = Awaited<ReturnType<Loader>>

/**
 * QuickJS, whose texts are handed over by Node.js' encoder: that of Emscripten goes character by character, which for
 * documents takes almost as long as their parsing.
 */
export const VARIANT: QuickJSSyncVariant = {
  ...RELEASE_SYNC,
  importModuleLoader: async () => {
    const load = await RELEASE_SYNC.importModuleLoader()
    return typeof load === 'function' ? async options => withEncoder(await load(options)) : load
  },
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
