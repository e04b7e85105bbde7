import type { SharedContent } from '../../attachments/shared-content.ts'
import type { Catalog } from '../../database/catalog.ts'
import type { Store } from '../../storage/store.ts'
import type { GroupChange, SettingChange } from '../entry/change.ts'
import type { AppendParts } from './append.ts'
import type { NodeAddress } from './place.ts'

/** A follower's databases. */
export type AppliedTo = Pick<Catalog, 'applyReplicated' | 'reloadFailed'>

export interface GroupParts extends AppendParts {
  readonly store: Store
  /** Content of attachments, which the store's commits refer to. */
  readonly content: SharedContent
  /** Name of the node, and the URL under which the others reach it. */
  readonly node: NodeAddress
  /** Called with each change of the cluster itself that was applied, this node's own too. */
  readonly onChange?: (change: GroupChange) => void
  /** Takes over a setting of all nodes, again where a crash came in between. */
  readonly configure?: (change: SettingChange) => Promise<void>
}
