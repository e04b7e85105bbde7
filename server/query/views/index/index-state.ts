/** Sequence, counts and sizes of an index. Written with its rows, in one batch. */
export interface IndexState {
  readonly signature: string
  /** The number of the last change that is in it. */
  readonly seq: number
  readonly purgeSeq: number
  /** The number of rows of each view. */
  readonly rows: readonly number[]
  /** Bytes of the rows, and of the records that tell which rows a document has. */
  readonly externalSize: number
  /**
   * Bytes of rows and records that were removed or replaced since a compaction; states of earlier versions have none.
   */
  readonly replacedSize?: number
  /** True if the nodes agree with the rows; false while many changes are indexed at once. */
  readonly hasNodes: boolean
}

export function encodeIndexState(state: IndexState): Buffer {
  return Buffer.from(JSON.stringify(state))
}

export function decodeIndexState(
  bytes: Uint8Array | undefined,
  signature: string,
  views: number,
): IndexState {
  if (bytes !== undefined) {
    const state = JSON.parse(Buffer.from(bytes).toString()) as IndexState
    if (state.signature === signature) return state
  }
  return {
    signature,
    seq: 0,
    purgeSeq: 0,
    rows: new Array<number>(views).fill(0),
    externalSize: 0,
    hasNodes: true,
  }
}
