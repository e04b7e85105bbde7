import type { UserDirectory } from '../../auth/user-directory.ts'
import type { Database } from '../../database/database.ts'
import { writeDocuments } from '../../database/documents/write-documents.ts'
import type { Rank } from '../../database/ranks/ranks.ts'
import type { UserRecord } from '../../auth/user-record.ts'
import type { AccountState, NamedDatabase, Question } from '../messages.ts'
import { packOutcomes, unpackDocuments } from '../packed-documents.ts'

interface Knowledge {
  /** @throws where there is no such database any more */
  readonly open: (database: NamedDatabase) => Promise<Database>
  readonly users: UserDirectory
  /** The numbers of the databases that the asking thread watches. */
  readonly watched: Set<number>
}

/** Answers what a front thread asks. @throws where it cannot be answered */
export async function answerQuestion(
  question: Question,
  { open, users, watched }: Knowledge,
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
    case 'write': {
      const { replicated, user } = question
      const database = await open(question.database)
      const documents = unpackDocuments(question.documents)
      return packOutcomes(await writeDocuments(database, documents, { replicated, user }))
    }
  }
}

function accountState(found: UserRecord | undefined): AccountState | undefined {
  return found && { roles: found.roles, salt: found.salt }
}

async function countOf({ before, snapshot }: Rank): Promise<number> {
  await snapshot.close()
  return before
}
