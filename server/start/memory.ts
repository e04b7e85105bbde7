import type { Config } from '../config/config.ts'
import { keepHeapsSmall, letHeapsGrow } from '../node/heap-size.ts'

/** Returns whether `[couchette] memory` says that memory is dearer than speed. */
export function sparesMemory(config: Config): boolean {
  return config.text('couchette', 'memory') === 'small'
}

/** Lets the heaps of the process be as large as `[couchette] memory` says. */
export function sizeHeaps(config: Config): void {
  if (sparesMemory(config)) keepHeapsSmall()
  else letHeapsGrow()
}
