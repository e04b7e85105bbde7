import test from 'ava'
import { TimerWheel, type TimerEntry } from '../../../../server/changes/live/timer-wheel.ts'
import { eventually } from '../../../helpers/eventually.ts'

class Alarm implements TimerEntry {
  dueAt: number
  woken = 0
  readonly #onDue: (alarm: Alarm) => void

  constructor(dueAt: number, onDue: (alarm: Alarm) => void) {
    this.dueAt = dueAt
    this.#onDue = onDue
  }

  onDue(): void {
    this.woken += 1
    this.#onDue(this)
  }
}

test('who is due is woken, again and again until removed; who was put off is not', async t => {
  const wheel = new TimerWheel()
  const often = new Alarm(wheel.now + 60, alarm => (alarm.dueAt = wheel.now + 60))
  const once = new Alarm(wheel.now + 60, alarm => wheel.remove(alarm))
  const later = new Alarm(wheel.now + 60, () => undefined)
  for (const alarm of [often, once, later]) wheel.add(alarm)
  later.dueAt = wheel.now + 3_600_000
  await eventually('three wakings', () => often.woken >= 3)
  t.is(once.woken, 1)
  t.is(later.woken, 0)
  t.is(wheel.size, 2)
  wheel.remove(often)
  wheel.remove(later)
  wheel.remove(later)
  t.is(wheel.size, 0)
})

// Under load every timer is late, the plain ones beside it too; the best of many shows what the wheel itself adds.
test('entries are woken within a few milliseconds of what they asked, and not before', async t => {
  const wheel = new TimerWheel()
  const lateness: number[] = []
  const alarms = Array.from({ length: 40 }, (_, at) => {
    return new Alarm(wheel.now + 20 + at * 3.7, alarm => {
      lateness.push(wheel.now - alarm.dueAt)
      wheel.remove(alarm)
    })
  })
  for (const alarm of alarms) wheel.add(alarm)
  const plain: number[] = []
  for (const { dueAt } of alarms) setTimeout(() => plain.push(wheel.now - dueAt), dueAt - wheel.now)
  await eventually('all wakings', () => lateness.length === alarms.length && plain.length === alarms.length)
  t.true(Math.min(...lateness) >= 0)
  t.true(Math.min(...lateness) < 5 + Math.max(0, Math.min(...plain)), `${Math.min(...lateness)} ms late`)
  t.is(wheel.size, 0)
})

test('an entry that is due before all others is woken first, whenever it was added', async t => {
  const wheel = new TimerWheel()
  const woken: string[] = []
  const add = (name: string, inMs: number): Alarm => {
    const alarm = new Alarm(wheel.now + inMs, () => {
      woken.push(name)
      wheel.remove(alarm)
    })
    wheel.add(alarm)
    return alarm
  }
  const far = add('far', 3_600_000)
  add('second', 80)
  const gone = add('gone', 10)
  add('first', 30)
  wheel.remove(gone)
  await eventually('two wakings', () => woken.length === 2)
  t.deepEqual(woken, ['first', 'second'])
  wheel.remove(far)
})

test('many entries that come and go leave nothing behind', async t => {
  const wheel = new TimerWheel()
  let woken = 0
  for (let at = 0; at < 5000; at++) {
    const gone = new Alarm(wheel.now + 1000 + at * 7, () => t.fail())
    wheel.add(gone)
    wheel.remove(gone)
  }
  const stays = new Alarm(wheel.now + 5, () => {
    woken += 1
    wheel.remove(stays)
  })
  wheel.add(stays)
  await eventually('a waking', () => woken === 1)
  t.is(wheel.size, 0)
})
