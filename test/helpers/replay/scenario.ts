import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { projectFile } from '../../../harness/project.ts'

/** A scenario that ran against a real CouchDB; `fixtures/README.md` has the format. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly databases?: readonly string[]
  readonly databaseOptions?: Query
  readonly names?: readonly string[]
  readonly steps: readonly Step[]
  readonly cleanup?: readonly Step[]
}

export type Query = Readonly<Record<string, unknown>>

export interface RequestSpec {
  readonly method: string
  readonly path: string
  readonly query?: Query | undefined
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: unknown
  readonly text?: string
  readonly crlf?: boolean
  readonly base64?: string
  readonly chunked?: boolean
  readonly as?: string
}

export interface Step {
  readonly request?: RequestSpec
  readonly response?: Answer
  readonly save?: Readonly<Record<string, string>>
  readonly until?: Readonly<Record<string, unknown>>
  readonly within?: number
  readonly open?: string
  readonly read?: string
  readonly lines?: number
  readonly untilEnd?: boolean
  readonly close?: string
  readonly wait?: number
  readonly volatile?: readonly Volatile[]
  readonly ignore?: readonly string[]
  readonly unordered?: readonly string[]
  readonly headers?: readonly string[]
}

/** A value that differed between recordings; `number` is a sequence's. */
export interface Volatile {
  readonly path: string
  readonly kind: string
  readonly number?: number
}

/** An answer in the form in which it is recorded and compared: one of the body's members at most is there. */
export interface Answer {
  readonly status?: number
  readonly headers?: Record<string, unknown>
  readonly json?: unknown
  readonly lines?: unknown
  readonly parts?: unknown
  readonly text?: unknown
  readonly base64?: unknown
}

const TRANSCRIPTS = projectFile('fixtures/transcripts')

/** The recorded areas: "attachments", "auth", … */
export function areas(): string[] {
  return readdirSync(TRANSCRIPTS)
    .filter(file => file.endsWith('.json'))
    .map(file => basename(file, '.json'))
    .sort()
}

export function scenariosOf(area: string): Scenario[] {
  return JSON.parse(readFileSync(join(TRANSCRIPTS, `${area}.json`), 'utf8')) as Scenario[]
}
