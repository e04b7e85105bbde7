/** A command line that cannot be carried out as it was typed; the message is a sentence that says why. */
export class UsageError extends Error {}
