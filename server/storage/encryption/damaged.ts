/** Stored data that is not what was written: it was changed, moved or cut off on disk, or the disk failed. */
export class DamagedValueError extends Error {
  /** @param what names what is damaged, as a sentence without its end */
  constructor(what = 'What is stored does not decrypt') {
    super(`${what}: it was changed on disk, or is damaged.`)
    this.name = 'DamagedValueError'
  }
}

/** Returns what is read; undefined where it is damaged. */
export function unlessDamaged<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined
    throw error
  }
}

/** Returns what is read; undefined where it is damaged. */
export async function readUnlessDamaged<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined
    throw error
  }
}
