import { createDispatch } from './guest/dispatch.ts'
import { createErrors } from './guest/errors.ts'
import { createTick } from './guest/host.ts'
import { createLists } from './guest/lists.ts'
import { createMime } from './guest/mime.ts'
import { createModules } from './guest/modules.ts'
import { createRender } from './guest/render.ts'
import { createSpeech } from './guest/speech.ts'
import { createViews } from './guest/views.ts'

/**
 * The program that makes a fresh engine ready: a function of the host that returns the dispatcher. `__name` is what
 * the loader of TypeScript in tests wraps functions in.
 */
export const GUEST_SOURCE = `(log, tick, give, exchange, prepare) => {
  const __name = made => made
  const host = { log, tick: (${createTick.toString()})(tick), give, exchange, prepare }
  const errors = (${createErrors.toString()})()
  const modules = (${createModules.toString()})(host)
  const views = (${createViews.toString()})(host, modules, errors)
  const mime = (${createMime.toString()})()
  const speech = (${createSpeech.toString()})()
  const render = (${createRender.toString()})(host, mime, errors, speech)
  const lists = (${createLists.toString()})(host, mime, errors, speech, render)
  return (${createDispatch.toString()})(host, modules, errors, views, render, lists)
}`
