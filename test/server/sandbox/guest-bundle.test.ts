import test from 'ava'
import { bundleGuest } from '../../../scripts/guest-bundle.ts'
import { Engine } from '../../../server/sandbox/engine.ts'
import { DEFAULT_LIMITS } from '../../../server/sandbox/limits.ts'
import { EngineModules } from '../../../server/sandbox/variant.ts'

async function engineWith(guest: string): Promise<Engine> {
  const module = await new EngineModules(DEFAULT_LIMITS.memoryBytes).make()
  return new Engine(module, DEFAULT_LIMITS, {
    progress: new Int32Array(2),
    exchange: () => '',
    prepare: source => ({ code: `(${source})`, plain: source }),
    guest,
  })
}

const MAP = 'function (doc) { emit(doc.n, [sum([1, 2]), isArray([])]) }'

for (const minify of [false, true]) {
  test(`the program runs when its bundle is ${minify ? 'minified' : 'plain'}`, async t => {
    const engine = await engineWith(bundleGuest({ minify }))
    const set = engine.call('setViews', JSON.stringify([null, [MAP], 'javascript']), 1000)
    t.is(set, '+null')
    t.is(engine.call('map', '[{"n":7}]', 1000), '+7\u0001[3,true]\u0002\u0003\u0004')
  })
}

test('a response that its function froze is answered as it is', async t => {
  const engine = await engineWith(bundleGuest())
  const shows = {
    frozen: 'function () { return Object.freeze({ body: "ice", headers: Object.freeze({}) }) }',
  }
  engine.call('setDesignDocument', JSON.stringify([{ _id: '_design/d', shows }]), 1000)
  const answer = engine.call(
    'show',
    JSON.stringify([
      ['shows', 'frozen'],
      [null, { path: [] }],
    ]),
    1000,
  )
  t.is(answer, '+{"body":"ice","headers":{}}')
})

test('nothing of the program is visible to functions but what CouchDB has', async t => {
  const engine = await engineWith(bundleGuest())
  const before = 'function () { emit(typeof guest + typeof host + typeof scope + typeof commands, null) }'
  engine.call('setViews', JSON.stringify([null, [before], 'javascript']), 1000)
  t.is(
    engine.call('map', '[{}]', 1000),
    '+"undefinedundefinedundefinedundefined"\u0001null\u0002\u0003\u0004',
  )
})
