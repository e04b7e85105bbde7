/** A memory of WebAssembly. (The types of Node.js leave it out.) */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => WasmMemory }
}

export const PAGE_BYTES = 64 * 1024

/** Makes a memory that cannot grow beyond its maximum; only what is written to takes space. */
export function newWasmMemory(bytes: { initial: number; maximum: number }): WasmMemory {
  return new WebAssembly.Memory({
    initial: Math.ceil(bytes.initial / PAGE_BYTES),
    maximum: Math.ceil(Math.max(bytes.initial, bytes.maximum) / PAGE_BYTES),
  })
}
