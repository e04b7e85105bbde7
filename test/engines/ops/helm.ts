import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { OPS } from './promtool.ts'

const run = promisify(execFile)

export const CHART = join(OPS, 'helm/couchette')

/** Helm that comes by Go believes in an old Kubernetes unless it is told. */
const KUBERNETES = ['--kube-version', '1.31.0']

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
}

/** Runs helm; what it prints is in the error of a failure. */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await run('helm', args).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`helm ${args[0] ?? ''}: ${error.stdout ?? ''}${error.stderr ?? error.message}`)
  })
  return stdout
}

/** Renders the chart with values that are given as to `--set`. */
export async function render(...values: string[]): Promise<Manifest[]> {
  const sets = values.flatMap(value => ['--set', value])
  const text = await helm('template', 'node', CHART, ...KUBERNETES, ...sets)
  return parseAllDocuments(text)
    .map(document => document.toJS() as Manifest | null)
    .filter(manifest => manifest !== null)
}

/** @throws where a manifest is none of its kind, by the schema of Kubernetes or of the Prometheus operator */
export async function checkManifest(manifest: Manifest): Promise<void> {
  const { apiVersion, kind } = manifest
  const operator = apiVersion.startsWith('monitoring.coreos.com/')
  const module = operator
    ? `@kubernetes-models/prometheus-operator/${apiVersion}`
    : `kubernetes-models/${apiVersion}`
  const kinds = (await import(module)) as Record<string, new (manifest: Manifest) => { validate(): void }>
  const Kind = kinds[kind]
  if (Kind === undefined) throw new Error(`${apiVersion} has no ${kind}`)
  new Kind(manifest).validate()
}
