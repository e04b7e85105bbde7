import type { SandboxLimits } from './limits.ts'

/** `workerData` of a worker thread. */
export interface WorkerOptions {
  readonly limits: SandboxLimits
  /** Two counters, see {@link ProgressCounter}. */
  readonly progress: SharedArrayBuffer
}

export const ProgressCounter = {
  /** Calls of functions, so that the pool sees whether a worker gets on; 0 while it starts. */
  calls: 0,
  /** Answers to questions, which wake the thread. */
  answers: 1,
} as const

/** Commands that make a new engine ready for its design document. */
export interface EngineSetup {
  readonly command: 'setDesignDocument' | 'setViews' | 'compile'
  /** JSON text. */
  readonly args: string
}

/** A command for an engine, which lives in the worker under `key` until it is dropped for others. */
export interface EngineCommand {
  readonly id: number
  readonly key: string
  /** The language of the functions: "coffeescript" takes a compiler; all else is JavaScript. */
  readonly language?: string | undefined
  /** True if the engine is dropped after the command. */
  readonly isOnce?: boolean | undefined
  /** Left out when the worker should have the engine. */
  readonly setup?: EngineSetup | undefined
  readonly command: string
  /** JSON text. */
  readonly args: string
  /** Longest time of one call of a function, as for one document. */
  readonly timeoutMs: number
  /** For `map`: how to store the rows that it gives. */
  readonly storage?: RowStorage | undefined
}

export type Collation = 'unicode' | 'raw'

/** Parameters for turning emitted rows into records of the store. */
export interface RowStorage {
  /** Beginning of the keys of all rows. */
  readonly prefix: Uint8Array
  /** Collation of the keys of each function. */
  readonly collations: readonly Collation[]
  /** True if the partition of the document comes before its keys. */
  readonly partitioned: boolean
  /** The ids of the documents. */
  readonly ids: readonly string[]
}

/** Rows of views as they are stored, packed into one buffer that moves between threads without a copy. */
export interface PackedRows {
  readonly bytes: Uint8Array
  /** For each row ROW_FIELDS numbers: document, function, start of the key, start of the value, its end. */
  readonly index: Uint32Array
}

export const ROW_FIELDS = 5

/** Output of a list function in the middle of a job; its thread waits until it has a WorkerAnswer. */
export interface WorkerQuestion {
  readonly said: string
}

export interface WorkerAnswer {
  /** Undefined ends the job. */
  readonly heard: string | undefined
}

export interface WorkerReply {
  readonly id: number
  readonly outcome: WorkerOutcome
  readonly log: readonly string[]
}

/** `stopped`: nobody wants the answer any more. */
export type FailureCause = 'timeout' | 'memory' | 'stopped'

export type WorkerOutcome =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'rows'; readonly rows: PackedRows }
  /** The worker has no engine of that key: send the job again, with its setup. */
  | { readonly kind: 'unprepared' }
  | { readonly kind: 'failure'; readonly cause: FailureCause; readonly message: string }
