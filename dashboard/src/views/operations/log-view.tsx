import { useEffect, useState } from 'preact/hooks'
import { type LogLine, logLines } from '../../api/node.ts'
import { formatClock, formatTime } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { navigate, useResource } from '../../ui/hooks.ts'
import { Badge, Button, Empty, Loaded, type Tone } from '../../ui/kit.tsx'
import { Select, TextInput } from '../../ui/kit.tsx'

const KEPT = 2000
const LEVELS: readonly (readonly [least: number, word: string, tone: Tone])[] = [
  [60, 'fatal', 'bad'],
  [50, 'error', 'bad'],
  [40, 'warn', 'warn'],
  [30, 'info', 'info'],
  [0, 'debug', 'plain'],
]

/** The end of the log, followed while the view is open. */
export function LogView({ params }: { params: Readonly<Record<string, string>> }) {
  const { text = '', level = '0' } = params
  const [lines, setLines] = useState<readonly LogLine[]>([])
  const [since, setSince] = useState(0)
  const [paused, setPaused] = useState(false)
  const page = useResource(signal => logLines(since, signal), [since, paused], paused ? undefined : 2000)
  useEffect(() => {
    if (page.data === undefined || page.data.last === since) return
    const { lines: added, last } = page.data
    // A smaller number means that the server was started again, and counts again.
    setLines(before => (last < since ? [] : [...before, ...added].slice(-KEPT)))
    setSince(last < since ? 0 : last)
  }, [page.data])
  const set = (changes: Record<string, string>) =>
    navigate(linkTo(['operations', 'log'], { text, level, ...changes }), { replace: true })
  const shown = lines.filter(line => matches(line, text, Number(level))).reverse()
  return (
    <section class="card" aria-label="Log">
      <div class="toolbar">
        <Button pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? 'Go on' : 'Pause'}
        </Button>
        <div class="search">
          <TextInput
            type="search"
            label="Find in the log"
            placeholder="Find in the log…"
            value={text}
            onInput={value => set({ text: value })}
          />
        </div>
        <div>
          <Select
            label="Least level"
            value={level}
            onChange={value => set({ level: value })}
            options={[
              ['0', 'All levels'],
              ['30', 'Info and above'],
              ['40', 'Warnings and errors'],
              ['50', 'Errors'],
            ]}
          />
        </div>
        <a href={linkTo(['configuration'], { text: 'log/level' })}>Change what is logged</a>
      </div>
      {page.error !== undefined && lines.length === 0 ? (
        <Loaded resource={page}>{() => null}</Loaded>
      ) : (
        <div class="log" tabIndex={0} role="log" aria-live="off" aria-label="Log lines, newest first">
          {shown.length === 0 ? (
            <Empty title="Nothing is logged that matches.">
              The log has warnings and errors unless its level is changed.
            </Empty>
          ) : (
            shown.map((line, index) => <Line key={lines.length - index} line={line} />)
          )}
        </div>
      )}
    </section>
  )
}

function Line({ line }: { line: LogLine }) {
  const { level, time, msg, ...rest } = line
  const [, word, tone] = LEVELS.find(([least]) => levelOf(level) >= least) ?? [0, '', 'plain']
  const date = new Date(time ?? 0)
  const details = JSON.stringify(rest)
  return (
    <div class="log-line">
      <time title={formatTime(date)}>{formatClock(date)}</time>
      <span>
        <Badge tone={tone}>{word}</Badge>
      </span>
      <span class="break">
        {msg} {details !== '{}' && <span class="muted">{details}</span>}
      </span>
    </div>
  )
}

function levelOf(level: LogLine['level']): number {
  if (typeof level === 'number') return level
  return LEVELS.find(([, word]) => word === level)?.[0] ?? 30
}

function matches(line: LogLine, text: string, least: number): boolean {
  if (levelOf(line.level) < least) return false
  return text === '' || JSON.stringify(line).toLowerCase().includes(text.toLowerCase())
}
