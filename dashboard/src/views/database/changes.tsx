import { useEffect, useRef, useState } from 'preact/hooks'
import { type ChangeRow, followChanges } from '../../api/changes.ts'
import { isAbort } from '../../api/http.ts'
import { formatClock, formatCount, seqNumber, shortRev } from '../../lib/format.ts'
import { JsonTextError, parseJsonText } from '../../lib/json-text.ts'
import { Ring } from '../../lib/lines.ts'
import { linkTo } from '../../lib/location.ts'
import { navigate } from '../../ui/hooks.ts'
import { Badge, Button, Check, Empty, ErrorNotice, TextInput } from '../../ui/kit.tsx'
import type { DatabaseViewProps } from './props.ts'

const KEPT = 5000
const SHOWN = 200
const REDRAW_MS = 200
const RECONNECT_MS = 3000

/** A database's changes as they come. What comes is kept apart from what is drawn, a few times a second. */
export function Changes({ database, place }: DatabaseViewProps) {
  const { since = 'now', selector = '', docs = '' } = place.params
  const [paused, setPaused] = useState(false)
  const [typed, setTyped] = useState(selector)
  const feed = useFeed(database, { since, selector, includeDocs: docs === 'true', paused })
  const set = (changes: Record<string, string>) =>
    navigate(linkTo(['db', database, 'changes'], { since, selector, docs, ...changes }), { replace: true })
  const problem = selectorProblem(typed)
  const apply = (event: Event) => {
    event.preventDefault()
    if (problem === undefined) set({ selector: typed })
  }
  return (
    <section class="card" aria-label="Live feed">
      <div class="toolbar">
        <Button onClick={() => setPaused(!paused)} pressed={paused}>
          {paused ? 'Go on' : 'Pause'}
        </Button>
        <Button onClick={feed.clear}>Clear</Button>
        <Check checked={since === '0'} onChange={value => set({ since: value ? '0' : 'now' })}>
          From the beginning
        </Check>
        <Check checked={docs === 'true'} onChange={value => set({ docs: value ? 'true' : '' })}>
          Include documents
        </Check>
        <form class="row search" onSubmit={apply}>
          <TextInput
            class="grow"
            label="Selector"
            placeholder='Selector, such as {"type": "order"}'
            value={typed}
            onInput={setTyped}
            invalid={problem !== undefined}
          />
          <Button type="submit" disabled={problem !== undefined}>
            Filter
          </Button>
        </form>
      </div>
      {problem !== undefined && <p class="card-body small problem">{problem}</p>}
      <ErrorNotice error={feed.error} />
      <p class="card-foot muted small" role="status">
        {feed.state} {formatCount(feed.total)} changes so far
        {feed.perSecond > 0 ? `, ${formatCount(feed.perSecond)} a second` : ''}.
        {feed.total > SHOWN ? ` The newest ${SHOWN} are shown.` : ''}
      </p>
      <div class="feed" tabIndex={0} role="log" aria-label="Changes, newest first" aria-live="off">
        {feed.rows.length === 0 ? (
          <Empty title="Nothing has changed yet.">Changes appear here as they are written.</Empty>
        ) : (
          feed.rows.map(row => <Row key={`${row.seq} ${row.id}`} database={database} row={row} />)
        )}
      </div>
    </section>
  )
}

function Row({ database, row }: { database: string; row: ChangeRow }) {
  return (
    <div class="feed-row">
      <span class="muted hide-small">{formatClock(new Date(row.at))}</span>
      <a class="ellipsis" href={linkTo(['db', database, 'doc', row.id])}>
        {row.id}
      </a>
      <span class="ellipsis hide-small" title={row.revs.join(', ')}>
        {row.revs.map(shortRev).join(' ')} {row.deleted && <Badge tone="bad">deleted</Badge>}
        {!row.deleted && row.revs.length > 1 && <Badge tone="warn">{row.revs.length} leaves</Badge>}
      </span>
      <span class="muted">{formatCount(seqNumber(row.seq))}</span>
      {row.doc !== undefined && <span class="doc ellipsis">{row.doc.slice(0, 500)}</span>}
    </div>
  )
}

function selectorProblem(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    return parseJsonText(text).kind === 'object' ? undefined : 'A selector is an object.'
  } catch (error) {
    if (error instanceof JsonTextError) return error.message
    throw error
  }
}

interface FeedQuery {
  readonly since: string
  readonly selector: string
  readonly includeDocs: boolean
  readonly paused: boolean
}

interface FeedState {
  readonly rows: readonly ChangeRow[]
  readonly total: number
  readonly perSecond: number
  readonly state: string
  readonly error: unknown
  readonly clear: () => void
}

/** Follows the feed, and again after a break from where it stood; draws while it is not paused. */
function useFeed(database: string, { since, selector, includeDocs, paused }: FeedQuery): FeedState {
  const ring = useRef(new Ring<ChangeRow>(KEPT))
  const [, redraw] = useState(0)
  const [drawn, setDrawn] = useState<readonly ChangeRow[]>([])
  const [status, setStatus] = useState<{ state: string; error?: unknown }>({ state: 'Connecting…' })
  const meter = useRef({ total: 0, recent: [] as { at: number; count: number }[] })
  useEffect(() => {
    const controller = new AbortController()
    let last = since
    ring.current.clear()
    meter.current = { total: 0, recent: [] }
    setDrawn([])
    const follow = async () => {
      while (!controller.signal.aborted) {
        try {
          await followChanges(database, {
            since: last,
            selector,
            includeDocs,
            signal: controller.signal,
            onOpen: () => setStatus({ state: 'Following.' }),
            onRows: rows => {
              last = rows.at(-1)?.seq ?? last
              ring.current.push(rows)
              meter.current.total += rows.length
              meter.current.recent.push({ at: performance.now(), count: rows.length })
            },
          })
        } catch (error) {
          if (isAbort(error)) return
          setStatus({ state: 'Interrupted; connecting again…', error })
        }
        await new Promise(resolve => setTimeout(resolve, RECONNECT_MS))
      }
    }
    void follow()
    return () => controller.abort()
  }, [database, since, selector, includeDocs])
  useEffect(() => {
    let seen = -1
    const timer = setInterval(() => {
      const oldest = performance.now() - 2000
      meter.current.recent = meter.current.recent.filter(({ at }) => at > oldest)
      if (!paused && meter.current.total !== seen) setDrawn(ring.current.newest(SHOWN))
      seen = meter.current.total
      redraw(before => before + 1)
    }, REDRAW_MS)
    return () => clearInterval(timer)
  }, [paused])
  const clear = () => {
    ring.current.clear()
    setDrawn([])
  }
  const recent = meter.current.recent.reduce((sum, { count }) => sum + count, 0)
  return {
    rows: drawn,
    total: meter.current.total,
    perSecond: Math.round(recent / 2),
    state: paused ? 'Paused; what comes is counted.' : status.state,
    error: status.error,
    clear,
  }
}
