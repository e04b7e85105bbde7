/**
 * Returns whether attachments of a content type are stored compressed, by `[attachments] compressible_types`, media
 * types in which `*` stands for anything, with any parameters (CouchDB: couch_util:compressible_att_type/1).
 */
export function compressibleTypes(types: readonly string[]): (contentType: string) => boolean {
  const patterns = types
    .filter(type => type !== '')
    .map(type => type.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*'))
  if (patterns.length === 0) return () => false
  const pattern = new RegExp(`^\\s*(?:${patterns.join('|')})(?:\\s*;.*)?\\s*$`, 'is')
  return contentType => pattern.test(contentType)
}
