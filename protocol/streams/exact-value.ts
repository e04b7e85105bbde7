/** A number with every digit that it was written with. */
export class ExactNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type ExactObject = Map<string, ExactValue>

/** A JSON value whose numbers keep their digits and whose objects keep the order of their members. */
export type ExactValue = null | boolean | string | ExactNumber | ExactValue[] | ExactObject

export function isExactObject(value: ExactValue | undefined): value is ExactObject {
  return value instanceof Map
}
