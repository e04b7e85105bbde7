// Replays the transcripts and tells every difference; see `npm run transcripts -- --help`.
import { parseArgs } from 'node:util'
import { inParallel } from '../../harness/client.ts'
import { areas } from '../helpers/replay/scenario.ts'
import { updateNotYet } from './not-yet.ts'
import { replayArea, SHARED_URL } from './replay-area.ts'
import type { Verdict } from './replay-area.ts'

const HELP = `npm run transcripts -- [--only TEXT] [--verbose] [--update [--add]] [AREA...]

  --only     scenarios whose name contains the text
  --verbose  all steps of a scenario that differ, not only the first
  --update   take the scenarios that pass off not-yet.txt
  --add      with --update, put those that fail on it

A server is started for each area; with COUCH_URL set (http://admin:pass@127.0.0.1:5984) that one is asked.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const chosen = positionals.length > 0 ? positionals : areas()
  const verdicts: Verdict[] = []
  await inParallel(SHARED_URL === undefined ? chosen.length : 1, chosen, async area => {
    const only = values.only === undefined ? {} : { only: values.only }
    const found = await replayArea(area, { ...only, stopAtFirst: !values.verbose })
    for (const verdict of found) report(verdict)
    console.log(`# ${area}: ${summary(found)}`)
    if (values.update) updateNotYet(found, values.add)
    verdicts.push(...found)
  })
  console.log(summary(verdicts))
  process.exitCode = verdicts.every(passed) ? 0 : 1
}

function report(verdict: Verdict): void {
  if (passed(verdict)) return
  console.log(`not ok ${verdict.name}`)
  for (const difference of verdict.differences) console.log(`    ${difference}`)
}

function summary(verdicts: readonly Verdict[]): string {
  const count = verdicts.filter(passed).length
  return `${count} passed, ${verdicts.length - count} failed`
}

function passed({ differences }: Verdict): boolean {
  return differences.length === 0
}
