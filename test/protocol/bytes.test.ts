import test from 'ava'
import { bufferOf, partOf, uintAt } from '../../protocol/bytes.ts'

test('a part of some memory is not copied, wherever the memory lies', t => {
  const memory = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7])
  const bytes = memory.subarray(2, 6)
  t.deepEqual([...partOf(bytes, 1, 3)], [3, 4])
  t.deepEqual([...partOf(bytes, 1)], [3, 4, 5])
  partOf(bytes, 1)[0] = 30
  t.is(memory[3], 30)
})

test('a buffer over some memory is that memory', t => {
  const memory = Uint8Array.from([0, 104, 105, 0])
  const buffer = bufferOf(memory.subarray(1, 3))
  t.is(buffer.toString(), 'hi')
  buffer[0] = 72
  t.is(memory[1], 72)
  t.is(bufferOf(buffer), buffer)
})

test('an unsigned integer of up to six bytes is read exactly', t => {
  const bytes = Buffer.from('00ffffffffffff01', 'hex')
  t.is(uintAt(bytes, 1, 6), 2 ** 48 - 1)
  t.is(uintAt(bytes, 5, 3), 0xffff01)
  t.is(uintAt(bytes, 0, 1), 0)
})
