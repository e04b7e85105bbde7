import { readFileSync, writeFileSync } from 'node:fs'
import { projectFile } from '../../harness/project.ts'
import type { Verdict } from './replay-area.ts'

const FILE = projectFile('test/conformance/not-yet.txt')

/** The names of the scenarios that do not pass yet, one a line in `not-yet.txt`; the list only gets shorter. */
export function notYet(): Set<string> {
  return new Set(readFileSync(FILE, 'utf8').split('\n').filter(Boolean))
}

/** Takes the scenarios that pass off the list; with `add`, puts those that fail on it. */
export function updateNotYet(verdicts: readonly Verdict[], add: boolean): void {
  const names = notYet()
  for (const { name, differences } of verdicts) {
    if (differences.length === 0) names.delete(name)
    else if (add) names.add(name)
  }
  writeFileSync(
    FILE,
    [...names]
      .sort()
      .map(name => `${name}\n`)
      .join(''),
  )
}
