import { configurationFindings, type Finding, sentence } from '../config/findings.ts'
import { readIniFiles } from '../config/files.ts'
import { parseOverride } from '../config/overrides.ts'
import { UsageError } from './usage-error.ts'

export interface CheckConfigArguments {
  readonly data: string
  readonly set?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/**
 * Prints what in the configuration of a data directory does not do what it says, a line each; the server need not run.
 * Resolves with 1 where the server would not start, else with 0.
 */
export async function checkConfig({ data, set = [], json = false }: CheckConfigArguments): Promise<number> {
  const flags = set.map(text => {
    const flag = parseOverride(text)
    if (flag === undefined) throw new UsageError(`--set takes SECTION/KEY=VALUE, not "${text}".`)
    return flag
  })
  const findings = configurationFindings(data, await readIniFiles(data), flags)
  process.stdout.write(json ? `${JSON.stringify(findings, undefined, 2)}\n` : report(findings))
  return findings.some(({ kind }) => kind === 'error') ? 1 : 0
}

function report(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Every setting works.\n'
  return findings.map(finding => `${finding.kind.padEnd(11)} ${sentence(finding)}\n`).join('')
}
