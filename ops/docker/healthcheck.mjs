// Exits with 0 while the node takes writes: /_up, which needs no authentication.
const port = process.env.COUCHETTE_PORT ?? '5984'
const answer = await fetch(`http://127.0.0.1:${port}/_up`, { signal: AbortSignal.timeout(4000) }).catch(
  error => ({ ok: false, status: error.message }),
)
if (!answer.ok) console.error(`/_up: ${answer.status}`)
process.exitCode = answer.ok ? 0 : 1
