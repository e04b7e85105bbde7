import { conflictLog, conflictPolicies, type PolicyCounts, type PolicyReport } from '../../api/conflicts.ts'
import { listDesigns } from '../../api/views.ts'
import { formatCount, plural } from '../../lib/format.ts'
import { linkTo } from '../../lib/location.ts'
import { policiesOf, type Policy } from '../../lib/policies.ts'
import { useResource } from '../../ui/hooks.ts'
import { Badge, Loaded, Notice } from '../../ui/kit.tsx'
import { ResolutionTable } from './resolution-table.tsx'
import { Table } from '../../ui/table.tsx'

const REFRESH_MS = 5000
const MAX_STOPPED_SHOWN = 10

async function readPolicies(database: string, signal: AbortSignal) {
  const [report, designs, log] = await Promise.all([
    conflictPolicies(database, signal),
    listDesigns(database, signal),
    conflictLog(database, signal),
  ])
  return { report, rules: new Map(policiesOf(designs).map(rule => [rule.name, rule])), log }
}

/** The rules of a database that resolve conflicts by themselves, and what they did; nothing where the node has no rules. */
export function Policies({ database }: { database: string }) {
  const state = useResource(signal => readPolicies(database, signal), [database], REFRESH_MS)
  if (state.data !== undefined && state.data.report === undefined) return null
  const { report, log = [] } = state.data ?? {}
  const hasPolicies = report !== undefined && report.policies.length + report.invalid.length > 0
  return (
    <>
      <section class="card" aria-label="Policies">
        <div class="card-head">
          <h2>Policies</h2>
          {hasPolicies && (
            <span class="muted small">resolve conflicts by rule, the first that matches all revisions</span>
          )}
        </div>
        <Loaded resource={state} what="Reading the policies…">
          {data =>
            hasPolicies && data.report !== undefined ? (
              <>
                <Problems database={database} report={data.report} />
                <PolicyTable database={database} policies={data.report.policies} rules={data.rules} />
              </>
            ) : (
              <NoPolicies database={database} />
            )
          }
        </Loaded>
      </section>
      {(hasPolicies || log.length > 0) && <ResolutionTable database={database} rows={log} />}
    </>
  )
}

function NoPolicies({ database }: { database: string }) {
  return (
    <p class="card-body muted">
      There are none. A policy is a rule in a design document that resolves conflicts by itself.{' '}
      <a href={linkTo(['db', database, 'docs'], { kind: 'design' })}>See the design documents</a>
    </p>
  )
}

/** Notices of what keeps policies from being applied. */
function Problems({ database, report }: { database: string; report: PolicyReport }) {
  const { resolve, invalid, stopped } = report
  if (resolve && invalid.length + stopped.length === 0) return null
  return (
    <div class="card-body stack">
      {!resolve && (
        <Notice tone="info">
          This node applies no policies and leaves resolving to others: <code>[conflicts] resolve</code> is
          false.
        </Notice>
      )}
      {invalid.map(({ id, reason }) => (
        <Notice key={id} tone="warn">
          The policies in <DocumentLink database={database} id={id} /> are not applied: {reason}
        </Notice>
      ))}
      {stopped.length > 0 && (
        <Notice tone="warn">
          {plural(stopped.length, 'document')} came into conflict again and again, and{' '}
          {stopped.length === 1 ? 'is' : 'are'} not resolved any more:{' '}
          {stopped.slice(0, MAX_STOPPED_SHOWN).map((id, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <DocumentLink database={database} id={id} />
            </span>
          ))}
          {stopped.length > MAX_STOPPED_SHOWN && ' …'}
        </Notice>
      )}
    </div>
  )
}

function DocumentLink({ database, id }: { database: string; id: string }) {
  return <a href={linkTo(['db', database, 'doc', id])}>{id}</a>
}

interface PolicyTableProps {
  readonly database: string
  readonly policies: readonly PolicyCounts[]
  /** The rules as they are written, by the names of their policies. */
  readonly rules: ReadonlyMap<string, Policy>
}

function PolicyTable({ database, policies, rules }: PolicyTableProps) {
  if (policies.length === 0) return null
  return (
    <Table
      columns={[
        'Policy',
        'For documents that match',
        ['Details', 'hide-small'],
        'Written in',
        ['Resolved', 'number'],
        ['Left', 'number hide-small'],
        ['Failed', 'number'],
      ]}
    >
      {policies.map(({ policy, kind, resolved, left, failed }) => {
        const rule = rules.get(policy)
        return (
          <tr key={policy}>
            <td>
              <Badge tone="info">{kind}</Badge>
            </td>
            <td class="break">
              <code>{rule?.selector}</code>
            </td>
            <td class="break hide-small">
              <code>{rule?.details.join(', ')}</code>
            </td>
            <td class="break">
              <DocumentLink database={database} id={designOf(policy)} />
            </td>
            <td class="number">{formatCount(resolved)}</td>
            <td class="number hide-small">{formatCount(left)}</td>
            <td class="number">{failed === 0 ? '0' : <Badge tone="bad">{formatCount(failed)}</Badge>}</td>
          </tr>
        )
      })}
    </Table>
  )
}

/** The design document of a policy: "_design/policy" of "_design/policy/0". */
function designOf(policy: string): string {
  return policy.slice(0, policy.lastIndexOf('/'))
}
