import { CouchError } from '../../../protocol/errors.ts'
import type { UserDirectory } from '../../auth/user-directory.ts'
import type { Database } from '../../database/database.ts'
import { type DocumentToWrite, writeDocuments } from '../../database/documents/write-documents.ts'
import type { Rank } from '../../database/ranks/ranks-at-moment.ts'
import type { Quorum } from '../../mesh/quorum.ts'
import type { UserRecord } from '../../auth/user-record.ts'
import type { JobQuestion } from '../job-messages.ts'
import type { AccountState, NamedDatabase, Question, Write } from '../messages.ts'
import { packError, packOutcomes } from '../packed-documents.ts'
import type { FollowingThread } from './following-thread.ts'

interface Knowledge {
  /** @throws where there is no such database any more */
  readonly open: (database: NamedDatabase) => Promise<Database>
  readonly users: UserDirectory
  /** The numbers of the databases that the asking thread watches. */
  readonly watched: Set<number>
  /** Answers about replications. */
  readonly ofJobs: (question: JobQuestion) => Promise<unknown>
  readonly quorum: Pick<Quorum, 'write'>
}

/** Answers what a front thread asks. @throws where it cannot be answered */
export async function answerQuestion(
  question: Question,
  { open, users, watched, ofJobs, quorum }: Knowledge,
): Promise<unknown> {
  switch (question.kind) {
    case 'watch':
      await open(question.database)
      watched.add(question.database.number)
      return undefined
    case 'account':
      return accountState(await users.find(question.user))
    case 'documents_before':
      return countOf(await (await open(question.database)).ranks.documentsBefore(question.key))
    case 'changes_before':
      return countOf(await (await open(question.database)).ranks.changesBefore(question.seq))
    case 'reach_quorum':
      return quorum.write(await open(question.database), question.written, question.wanted)
    case 'job_user':
    case 'job_refusals':
    case 'job_before_checkpoint':
    case 'connection_opened':
    case 'connection_closed':
      return ofJobs(question)
  }
}

function accountState(found: UserRecord | undefined): AccountState | undefined {
  return found && { roles: found.roles, salt: found.salt }
}

/** Writes the documents of a request that a front thread parsed. @throws where there is no such database any more */
export async function answerWrite(
  { database: named, replicated, user }: Write,
  documents: readonly DocumentToWrite[],
  { open }: Pick<Knowledge, 'open'>,
): Promise<unknown> {
  return packOutcomes(await writeDocuments(await open(named), documents, { replicated, user }))
}

async function countOf({ before, snapshot }: Rank): Promise<number> {
  await snapshot.close()
  return before
}

/** Sends a thread the answer to what it asked, or the error. */
export async function answerWith(
  thread: FollowingThread,
  id: number,
  answering: Promise<unknown>,
): Promise<void> {
  try {
    thread.answer({ id, value: await answering })
  } catch (error) {
    const packed = error instanceof CouchError ? packError(error) : { failure: String(error) }
    thread.answer({ id, error: packed })
  }
}
