import type { Config } from '../../config/config.ts'
import type { UnreadLimits } from './unread-answers.ts'

/** Returns the bounds of answers that clients do not read, as they are configured now. */
export function unreadLimits(config: Config): UnreadLimits {
  return {
    bytes: config.integer('couchette', 'max_unread_answers'),
    timeoutMs: config.integer('couchette', 'unread_answer_timeout'),
  }
}
