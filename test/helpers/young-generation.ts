// Prints the bytes of the young generation when many young objects have lived for a while: young-generation.ts small|normal
import { getHeapSpaceStatistics } from 'node:v8'
import { keepHeapsSmall, letHeapsGrow } from '../../server/node/heap-size.ts'

keepHeapsSmall()
if (process.argv[2] === 'normal') letHeapsGrow()
const kept = Array.from({ length: 400_000 }, (_, n) => ({ n, text: `x${n}` }))
const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
console.log(kept.length > 0 ? (space?.space_size ?? 0) : 0)
