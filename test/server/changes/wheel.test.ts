import test from 'ava'
import { Wheel, type Timed } from '../../../server/changes/live/wheel.ts'
import { eventually } from '../../helpers/eventually.ts'

class Alarm implements Timed {
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
  const wheel = new Wheel()
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
