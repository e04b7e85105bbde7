import { useRef, useState } from 'preact/hooks'
import {
  type AttachmentInfo,
  attachmentsOf,
  deleteAttachment,
  uploadAttachment,
} from '../../../api/documents.ts'
import { urlOf } from '../../../api/http.ts'
import { formatBytes } from '../../../lib/format.ts'
import { memberOf } from '../../../lib/json-text.ts'
import { apiPath } from '../../../lib/location.ts'
import { ConfirmButton } from '../../../ui/confirm-button.tsx'
import { useAction } from '../../../ui/hooks.ts'
import { Button, Empty, ErrorNotice } from '../../../ui/kit.tsx'
import { toast } from '../../../ui/toasts.tsx'
import { Preview } from './preview.tsx'
import { ACTIONS, Table } from '../../../ui/table.tsx'

interface AttachmentsProps {
  readonly database: string
  readonly id: string
  readonly text: string
  readonly onChange: () => void
}

export function Attachments({ database, id, text, onChange }: AttachmentsProps) {
  const attachments = attachmentsOf(text)
  const [shown, setShown] = useState<AttachmentInfo>()
  const rev = JSON.parse(memberOf(text, '_rev') ?? '""') as string
  const removal = useAction()
  const remove = (name: string) =>
    removal.run(async () => {
      await deleteAttachment(database, id, name, rev)
      toast(`${name} is removed from the document.`)
      setShown(undefined)
      onChange()
    })
  return (
    <div class="stack">
      <Upload database={database} id={id} rev={rev} onDone={onChange} />
      <ErrorNotice error={removal.error} />
      <div class="card">
        {attachments.length === 0 ? (
          <Empty title="This document has no attachments." />
        ) : (
          <AttachmentTable
            attachments={attachments}
            onShow={setShown}
            onRemove={remove}
            urlOfName={name => attachmentUrl(database, id, name, { rev })}
          />
        )}
      </div>
      {shown !== undefined && (
        <Preview
          key={shown.name}
          attachment={shown}
          path={`${apiPath(database, id)}/${apiPath(shown.name)}`}
          rev={rev}
        />
      )}
    </div>
  )
}

function attachmentUrl(database: string, id: string, name: string, params: Record<string, string>): string {
  return urlOf(`${apiPath(database, id)}/${apiPath(name)}`, params)
}

interface TableProps {
  readonly attachments: readonly AttachmentInfo[]
  readonly onShow: (attachment: AttachmentInfo) => void
  readonly onRemove: (name: string) => void
  readonly urlOfName: (name: string) => string
}

function AttachmentTable({ attachments, onShow, onRemove, urlOfName }: TableProps) {
  return (
    <Table columns={['Name', 'Type', ['Size', 'number'], ['Digest', 'hide-small'], ACTIONS]}>
      {attachments.map(attachment => (
        <tr key={attachment.name}>
          <td class="break">{attachment.name}</td>
          <td class="break">{attachment.contentType}</td>
          <td class="number nowrap">{formatBytes(attachment.length)}</td>
          <td class="hide-small">
            <code class="muted">{attachment.digest}</code>
          </td>
          <td class="actions">
            <span class="row end">
              <Button small onClick={() => onShow(attachment)}>
                Preview
              </Button>
              <a class="button small" href={urlOfName(attachment.name)} download={attachment.name}>
                Download
              </a>
              <ConfirmButton
                small
                text="Remove"
                confirm="Really remove it"
                label={`Remove ${attachment.name}`}
                onConfirm={() => onRemove(attachment.name)}
              />
            </span>
          </td>
        </tr>
      ))}
    </Table>
  )
}

interface UploadProps {
  readonly database: string
  readonly id: string
  readonly rev: string
  readonly onDone: () => void
}

/** Files are uploaded one after the other, as each makes a revision that the next one replaces. */
function Upload({ database, id, rev, onDone }: UploadProps) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [progress, setProgress] = useState<{ name: string; share: number }>()
  const { busy, error, run } = useAction()
  const upload = (files: FileList | null | undefined) =>
    run(async () => {
      let current = rev
      try {
        for (const file of files ?? []) {
          setProgress({ name: file.name, share: 0 })
          const url = attachmentUrl(database, id, file.name, { rev: current })
          const type = file.type === '' ? 'application/octet-stream' : file.type
          const written = await uploadAttachment(url, file, type, share =>
            setProgress({ name: file.name, share }),
          )
          current = written.rev
          toast(`${file.name} is stored.`)
        }
      } finally {
        setProgress(undefined)
        if (current !== rev) onDone()
      }
    })
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    upload(event.dataTransfer?.files)
  }
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOver={event => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div class="stack tight">
        <span>Drop files here, or</span>
        <span>
          <Button disabled={busy} onClick={() => input.current?.click()}>
            Choose files
          </Button>
        </span>
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          multiple
          aria-label="Files to attach"
          tabIndex={-1}
          onChange={event => upload(event.currentTarget.files)}
        />
        {progress !== undefined && (
          <label>
            Uploading {progress.name}: {Math.round(progress.share * 100)}%
            <progress value={progress.share} max={1} />
          </label>
        )}
        <ErrorNotice error={error} />
      </div>
    </div>
  )
}
