import test from 'ava'
import type { Config } from '../../../server/config/config.ts'
import { threadsOf } from '../../../server/start/front-threads.ts'

const HOST = { isInMemory: false, isInCluster: false, isTraced: false, cores: 6 }

/** The number of threads of a server with these settings, and what its log says of it. */
function threads(
  settings: { threads: number; memory?: string },
  host: Partial<typeof HOST> = {},
): [number, string[]] {
  const config = {
    integer: () => settings.threads,
    text: () => settings.memory ?? 'normal',
  } as unknown as Config
  const warnings: string[] = []
  const number = threadsOf(config, { ...HOST, ...host }, { warn: (text: string) => void warnings.push(text) })
  return [number, warnings]
}

const onlyHere = process.platform === 'win32' ? test.skip : test

onlyHere('the number of threads follows the cores, from four on', t => {
  for (const [cores, expected] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 3],
    [8, 7],
    [64, 8],
  ] as const)
    t.deepEqual(threads({ threads: 0 }, { cores }), [expected, []], `${cores} cores`)
})

onlyHere('a number that is set holds whatever the cores', t => {
  t.deepEqual(threads({ threads: 2 }, { cores: 1 }), [2, []])
  t.deepEqual(threads({ threads: 1 }), [1, []])
  t.deepEqual(threads({ threads: -1 }), [1, []])
})

test('servers that cannot have threads, or spare memory, have one of their own choice, without a word', t => {
  for (const host of [{ isInMemory: true }, { isInCluster: true }, { isTraced: true }])
    t.deepEqual(threads({ threads: 0 }, host), [1, []])
  t.deepEqual(threads({ threads: 0, memory: 'small' }), [1, []])
})

test('threads that are asked for where there can be none are told as without effect', t => {
  const [number, warnings] = threads({ threads: 2 }, { isInMemory: true })
  t.is(number, 1)
  t.regex(warnings[0] ?? '', /threads = 2 has no effect: databases in memory cannot be shared/)
})
