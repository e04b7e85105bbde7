import type { MakeBody } from './bodies.ts'

/** One way to use a route: the shape of its body, and how it is sent. */
export interface StallCase {
  readonly route: string
  readonly shape: string
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: MakeBody
}
