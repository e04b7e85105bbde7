import { BEFORE_SEQ, rowStart, seqEnd } from '../../database/documents/change-record.ts'
import type { RowBuffer } from '../../database/reading/row-buffer.ts'

/** Text around the rows of a kind of feed. */
export interface Framing {
  readonly name: string
  /** @param count rows before this one in the same answer */
  open(out: RowBuffer, count: number): void
  /** @param record of the row, for the feeds that tell its sequence again; `seq` is false where it is null */
  close(out: RowBuffer, record: Uint8Array, seq: boolean): void
}

const SEPARATOR = Buffer.from(',\n')
const NEWLINE = Buffer.from('\n')
const DATA = Buffer.from('data: ')
const ID = Buffer.from('\nid: ')
const NULL = Buffer.from('null')
const END_OF_EVENT = Buffer.from('\n\n')

/** The rows of a JSON array, one a line: normal and longpoll feeds. */
export const ARRAY_FRAMING: Framing = {
  name: 'array',
  open: (out, count) => {
    if (count > 0) out.bytes(SEPARATOR)
  },
  close: () => undefined,
}

/** One JSON object a line: continuous feeds. */
export const LINE_FRAMING: Framing = {
  name: 'line',
  open: () => undefined,
  close: out => out.bytes(NEWLINE),
}

/** Server-sent events. The id is the sequence as JSON, which a client sends back in `Last-Event-ID` as it is. */
export const EVENT_FRAMING: Framing = {
  name: 'event',
  open: out => out.bytes(DATA),
  close: (out, record, seq) => {
    out.bytes(ID)
    if (seq) {
      const start = rowStart(record, false)
      out.copy(record, start + BEFORE_SEQ, start + seqEnd(record))
    } else out.bytes(NULL)
    out.bytes(END_OF_EVENT)
  },
}
