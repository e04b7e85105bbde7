/** A store that cannot be opened, with a sentence that says what to do. */
export class StoreUnavailableError extends Error {}
