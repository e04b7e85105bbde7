import { createDispatch } from './guest/dispatch.ts'
import { createErrors } from './guest/errors.ts'
import { createMime } from './guest/mime.ts'
import { createModules } from './guest/modules.ts'
import { createRender } from './guest/render.ts'
import { createViews } from './guest/views.ts'

/**
 * The program that makes a fresh engine ready: a function of the host that returns the dispatcher. `__name` is what
 * the loader of TypeScript in tests wraps functions in.
 */
export const GUEST_SOURCE = `(log, tick) => {
  const __name = made => made
  const host = { log, tick }
  const errors = (${createErrors.toString()})()
  const modules = (${createModules.toString()})()
  const views = (${createViews.toString()})(host, modules, errors)
  const mime = (${createMime.toString()})()
  const render = (${createRender.toString()})(host, mime, errors)
  return (${createDispatch.toString()})(host, modules, errors, views, render)
}`
