import type { Place } from '../../lib/location.ts'
import { linkTo } from '../../lib/location.ts'
import { Page } from '../../ui/kit.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { LiveMetrics } from './live-metrics.tsx'
import { LogView } from './log-view.tsx'
import { Tasks } from './tasks.tsx'

/** Live figures, running tasks and the log: `#/operations`, `#/operations/tasks`, `#/operations/log`. */
export default function Operations({ place }: { place: Place }) {
  const view = place.segments[1] ?? 'metrics'
  const tabs = [
    ['metrics', 'Live metrics', linkTo(['operations'])],
    ['tasks', 'Tasks', linkTo(['operations', 'tasks'])],
    ['log', 'Log', linkTo(['operations', 'log'])],
  ] as const
  return (
    <Page title="Operations">
      <Tabs current={view} items={tabs} />
      {view === 'log' ? <LogView params={place.params} /> : view === 'tasks' ? <Tasks /> : <LiveMetrics />}
    </Page>
  )
}
