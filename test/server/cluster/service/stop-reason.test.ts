import test from 'ava'
import { EntryError } from '../../../../server/cluster/entry/entry.ts'
import { LogSetBackError, LogTrimmedError } from '../../../../server/cluster/log/contract.ts'
import { stopReason } from '../../../../server/cluster/service/stop-reason.ts'

test('P11: a log that was emptied, forked, trimmed or set back stops a node with a sentence; other failures do not', t => {
  t.regex(
    stopReason(new LogSetBackError(3, 9)) ?? '',
    /ends at position 3, and this node has applied 9.*docs\/cluster\.md/s,
  )
  t.regex(stopReason(new EntryError('the log is another one')) ?? '', /^The log is another one\./)
  t.regex(stopReason(new LogTrimmedError('position 1 was trimmed')) ?? '', /couchette cluster join/)
  t.is(stopReason(new Error('connect ECONNREFUSED')), undefined)
})
