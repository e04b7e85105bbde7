import test from 'ava'
import { NumberHeap } from '../../../../server/changes/live/number-heap.ts'

test('numbers come out in order, whatever the order in which they went in', t => {
  const numbers = [5, 3, 8, 3, 1, 9, 2, 7, 7, 0, 6, 4]
  for (const start of [0, 6]) {
    const heap = new NumberHeap(numbers.slice(0, start))
    for (const number of numbers.slice(start)) heap.push(number)
    t.is(heap.size, numbers.length)
    const out = numbers.map(() => heap.pop())
    t.deepEqual(
      out,
      numbers.toSorted((a, b) => a - b),
    )
    t.is(heap.pop(), undefined)
    t.is(heap.first, undefined)
  }
})
