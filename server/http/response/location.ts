import type { HttpContext } from '../context.ts'
import { originOf } from '../request/origin.ts'
import { encodeSegment } from '../request/percent.ts'
import { storedHeaderText } from './header-text.ts'

/** Sets `Location` to a URL of this server as the client sees it; not to one that is too long for a header. */
export function setLocation(ctx: HttpContext, segments: readonly string[]): void {
  if (segments.some(segment => storedHeaderText(segment) === undefined)) return
  const location = storedHeaderText([originOf(ctx), ...segments.map(encodeSegment)].join('/'))
  if (location !== undefined) ctx.set('Location', location)
}
