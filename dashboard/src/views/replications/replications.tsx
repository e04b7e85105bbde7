import type { Place } from '../../lib/location.ts'
import { CreateReplication } from './create.tsx'
import { ReplicationDetail } from './detail.tsx'
import { ReplicationList } from './list.tsx'

/** `#/replications`, `#/replications/new`, `#/replications/job/DATABASE/ID`. */
export default function Replications({ place }: { place: Place }) {
  const [, view, database = '', id = ''] = place.segments
  if (view === 'new') return <CreateReplication params={place.params} />
  if (view === 'job') return <ReplicationDetail key={`${database}/${id}`} database={database} id={id} />
  return <ReplicationList place={place} />
}
