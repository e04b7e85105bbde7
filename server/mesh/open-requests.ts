import type { ServerResponse } from 'node:http'

/** Answers to members that are under way, so that they end when their member is removed. */
export class OpenRequests {
  readonly #byMember = new Map<string, Set<ServerResponse>>()

  add(member: string, answer: ServerResponse): void {
    let answers = this.#byMember.get(member)
    if (answers === undefined) this.#byMember.set(member, (answers = new Set()))
    const open = answers.add(answer)
    answer.once('close', () => open.delete(answer))
  }

  /** Cuts the answers to a member. */
  end(member: string): void {
    for (const answer of this.#byMember.get(member) ?? []) answer.destroy()
    this.#byMember.delete(member)
  }
}
