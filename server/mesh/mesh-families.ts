import { gauge, type MetricFamily } from '../metrics/family.ts'
import type { Mesh } from './mesh.ts'

/** Returns the state of the mesh as metrics; all are 0 of a node that is in none. */
export async function meshFamilies(mesh: Mesh): Promise<MetricFamily[]> {
  const { members, unreachable, refused, jobs } = await mesh.counts()
  return [
    gauge('couchette_mesh_members', 'members of the mesh that this node is in', members),
    gauge(
      'couchette_mesh_members_unreachable',
      'members that this node asks and that do not answer',
      unreachable,
    ),
    gauge('couchette_mesh_refused', '1 if other members refuse this node: it was removed', refused),
    gauge('couchette_mesh_jobs', 'jobs that pull from neighbours', jobs),
  ]
}
