const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d

/** Result of `JsonSkipper.step`. */
export type Token = 'open' | 'close' | 'string' | 'more'

/**
 * Walks over JSON text by its brackets and strings, without parsing it. It resumes where it stopped, so that text may
 * arrive in pieces; the caller keeps the bytes and tells `rebase` when it drops some.
 */
export class JsonSkipper {
  /** Index of the next byte to examine. */
  position = 0
  /** Number of open brackets. */
  depth = 0
  /** Start and end of the last string's text, without its quotes. */
  stringStart = 0
  stringEnd = 0
  /** True if the bytes end inside a string. */
  inString = false

  #begun = false

  /** True after the end of the outermost value. */
  get finished(): boolean {
    return this.#begun && this.depth === 0
  }

  /** The caller dropped this many bytes before `position`. */
  rebase(dropped: number): void {
    this.position -= dropped
    this.stringStart -= dropped
    this.stringEnd -= dropped
  }

  /** Goes to just after the next bracket or string, or to the end of the bytes (`more`). */
  step(bytes: Uint8Array): Token {
    if (this.inString) return this.#skipString(bytes)
    for (const end = bytes.length; this.position < end;) {
      const byte = bytes[this.position++]
      if (byte === QUOTE) {
        this.stringStart = this.position
        this.inString = true
        return this.#skipString(bytes)
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.depth++
        this.#begun = true
        return 'open'
      }
      if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.depth--
        return 'close'
      }
    }
    return 'more'
  }

  #skipString(bytes: Uint8Array): Token {
    const end = bytes.length
    let offset = this.position
    while (offset < end) {
      const byte = bytes[offset]
      if (byte === QUOTE) {
        this.inString = false
        this.position = offset + 1
        this.stringEnd = offset
        return 'string'
      }
      offset += byte === BACKSLASH ? 2 : 1
    }
    // An escape may reach past the bytes that are there.
    this.position = offset
    return 'more'
  }
}
