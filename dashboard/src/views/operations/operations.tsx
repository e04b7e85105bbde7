import type { Place } from '../../lib/location.ts'
import { Page } from '../../ui/kit.tsx'

export default function View(_: { place: Place }) {
  return <Page title="operations" />
}
