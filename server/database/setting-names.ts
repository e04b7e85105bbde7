/** The name of the setting that holds a database's `_security`. */
export const SECURITY_SETTING = 'security'

/** The sequences of the source that a database follows or followed: `SourceSequences`. */
export const SOURCE_SEQUENCES_SETTING = 'source_sequences'

/** Digests of the `_local` documents that a follower took over from its source, by their ids. */
export const COPIED_CHECKPOINTS_SETTING = 'copied_checkpoints'

/** Named credentials, encrypted, which are kept with `_replicator`. */
export const CREDENTIALS_SETTING = 'credentials'

/** The node's identity in a mesh, its private key encrypted; kept with `_replicator`. */
export const MESH_SETTING = 'mesh'

/** A setting that the server keeps with a database, and that no request names. */
export type InternalSetting =
  | typeof SOURCE_SEQUENCES_SETTING
  | typeof COPIED_CHECKPOINTS_SETTING
  | typeof CREDENTIALS_SETTING
  | typeof MESH_SETTING
