import { useEffect, useState } from 'preact/hooks'
import type { AttachmentInfo } from '../../../api/documents.ts'
import { request } from '../../../api/http.ts'
import { formatBytes } from '../../../lib/format.ts'
import { previewKind } from '../../../lib/preview-kind.ts'
import { useResource } from '../../../ui/hooks.ts'
import { Empty, Loaded } from '../../../ui/kit.tsx'

const MAX_TEXT = 256 * 1024
const MAX_IMAGE = 20 * 1024 * 1024

interface PreviewProps {
  readonly attachment: AttachmentInfo
  readonly path: string
  readonly rev: string
}

/**
 * Shows images as pictures and texts as text. The bytes are fetched and given a type that is known to be harmless, so
 * that no attachment is ever opened as a page of this origin.
 */
export function Preview({ attachment, path, rev }: PreviewProps) {
  const { name, contentType, length } = attachment
  const kind = previewKind(contentType)
  const isTooLarge = length > (kind === 'image' ? MAX_IMAGE : Number.POSITIVE_INFINITY)
  return (
    <section class="card preview" aria-label={`Preview of ${name}`}>
      <div class="card-head">
        <h2 class="break">{name}</h2>
        <span class="muted small">
          {contentType}, {formatBytes(length)}
        </span>
      </div>
      <div class="card-body">
        {kind === 'none' || isTooLarge ? (
          <Empty title="This is not shown here.">Download it to look at it with another program.</Empty>
        ) : kind === 'image' ? (
          <ImagePreview attachment={attachment} path={path} rev={rev} />
        ) : (
          <TextPreview attachment={attachment} path={path} rev={rev} />
        )}
      </div>
    </section>
  )
}

function ImagePreview({ attachment, path, rev }: PreviewProps) {
  const blob = useResource(
    async signal => {
      const response = await request('GET', path, { params: { rev }, headers: { accept: '*/*' }, signal })
      return new Blob([await response.arrayBuffer()], { type: attachment.contentType })
    },
    [path, rev],
  )
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (blob.data === undefined) return undefined
    const made = URL.createObjectURL(blob.data)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob.data])
  return <Loaded resource={blob}>{() => url !== undefined && <img src={url} alt={attachment.name} />}</Loaded>
}

function TextPreview({ attachment, path, rev }: PreviewProps) {
  const text = useResource(signal => firstText(path, rev, signal), [path, rev])
  return (
    <Loaded resource={text}>
      {shown => (
        <>
          <pre class="code" tabIndex={0}>
            {shown}
          </pre>
          {attachment.length > MAX_TEXT && (
            <p class="muted small">
              These are the first {formatBytes(MAX_TEXT)}. Download it to see the rest.
            </p>
          )}
        </>
      )}
    </Loaded>
  )
}

/** Reads no more than is shown. */
async function firstText(path: string, rev: string, signal: AbortSignal): Promise<string> {
  const response = await request('GET', path, { params: { rev }, headers: { accept: '*/*' }, signal })
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (reader !== undefined && text.length < MAX_TEXT) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
  await reader?.cancel()
  return text.slice(0, MAX_TEXT)
}
