/** The name of the setting that holds a database's `_security`. */
export const SECURITY_SETTING = 'security'

/** The sequences of the source that a database follows or followed: `SourceSequences`. */
export const SOURCE_SEQUENCES_SETTING = 'source_sequences'

/** Digests of the `_local` documents that a follower took over from its source, by their ids. */
export const COPIED_CHECKPOINTS_SETTING = 'copied_checkpoints'

/** A setting of a database that follows another. */
export type FollowerSetting = typeof SOURCE_SEQUENCES_SETTING | typeof COPIED_CHECKPOINTS_SETTING
