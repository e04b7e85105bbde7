/** Stored data that is not what was written: it was changed, moved or cut off on disk, or the disk failed. */
export class DamagedValueError extends Error {
  constructor() {
    super('what is stored does not decrypt: it was changed on disk, or is damaged')
    this.name = 'DamagedValueError'
  }
}
