/** Maximum bytes of bodies that are read for a page of rows, unless one document has more. */
export const PAGE_BYTES = 256 * 1024
