import { linkTo } from '../lib/location.ts'
import { Empty, Page } from '../ui/kit.tsx'

export function NotFound() {
  return (
    <Page title="Nothing here">
      <div class="card">
        <Empty title="There is no such view, or you may not see it.">
          <a href={linkTo([])}>Go to the overview</a>
        </Empty>
      </div>
    </Page>
  )
}
