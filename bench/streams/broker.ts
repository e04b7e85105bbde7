/** A broker with what a bare client of it does, and how jobs name its streams. */
export interface BenchBroker {
  readonly name: string
  /** Makes a stream or topic. */
  make(name: string): Promise<void>
  /** Publishes texts in their order, and waits until all are stored. */
  publish(name: string, texts: readonly string[]): Promise<void>
  /** Reads so many messages from the beginning, and parses them as JSON. */
  consume(name: string, count: number): Promise<void>
  /** Returns the endpoint of a job that reads a stream. */
  source(name: string): object
  /** Returns the endpoint of a job that writes one. */
  sink(name: string): object
  close(): Promise<void>
}

/** Messages that a publisher sends at a time: Kafka takes no more than a megabyte together. */
export const AT_A_TIME = 500
