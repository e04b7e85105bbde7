import { countOf, type Member, seconds, seenBy, until, withMembers, writeMany } from './members.ts'

export const OUTAGE_HEADS = [
  ...['members', 'routed around after', 'the others have all after', 'taken back after', 'it has all after'],
]

const DOCUMENTS = 100
/** The time after which a member counts as silent, as nodes have it without settings. */
const DEFAULTS = ['--set', 'mesh/answer_timeout=3000']

/** Stops a member's process so that it answers nothing, writes at others, and has it go on: a row of {@link OUTAGE_HEADS}. */
export function measureOutage(count: number): Promise<string[]> {
  return withMembers(count, { more: DEFAULTS }, async members => {
    const silent = members[Math.floor(count / 2)]!
    const others = members.filter(member => member !== silent)
    await until('it is pulled from', () => isPulled(others, silent))
    process.kill(silent.server.pid, 'SIGSTOP')
    let isStopped = true
    try {
      const aroundMs = until('it is routed around', async () => !(await isPulled(others, silent)))
      await writeAt(others[0]!, 'a')
      const othersMs = await until('the others have all', () => haveAll(others, DOCUMENTS))
      const around = await aroundMs
      process.kill(silent.server.pid, 'SIGCONT')
      isStopped = false
      const backMs = until('it is pulled from again', () => isPulled(others, silent))
      const allMs = await until('it has all', () => haveAll([silent], DOCUMENTS))
      return [String(count), seconds(around), seconds(othersMs), seconds(await backMs), seconds(allMs)]
    } finally {
      if (isStopped) process.kill(silent.server.pid, 'SIGCONT')
    }
  })
}

async function writeAt(member: Member, prefix: string): Promise<void> {
  await writeMany(
    member,
    Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: `${prefix}${n}` })),
  )
}

async function haveAll(members: readonly Member[], documents: number): Promise<boolean> {
  return (await Promise.all(members.map(countOf))).every(found => found === documents)
}

/** Returns whether anybody pulls from a member. */
async function isPulled(members: readonly Member[], from: Member): Promise<boolean> {
  const seen = await Promise.all(members.map(seenBy))
  return seen.some(list => list.some(({ id, pulled }) => id === from.id && pulled))
}
