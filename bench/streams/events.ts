const field = (name: string, type: string, more = {}) => ({ field: name, type, optional: true, ...more })

const COLUMNS = [
  field('id', 'int32'),
  field('name', 'string'),
  field('price', 'bytes', { name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } }),
  field('at', 'int64', { name: 'io.debezium.time.MicroTimestamp' }),
  field('note', 'string'),
]

const SCHEMA = JSON.stringify({
  type: 'struct',
  name: 'pg.public.t.Envelope',
  fields: [
    ...['before', 'after'].map(name => field(name, 'struct', { fields: COLUMNS })),
    field('source', 'struct', { fields: ['db', 'schema', 'table'].map(name => field(name, 'string')) }),
    field('op', 'string'),
  ],
})

/** Returns a row's creation as Debezium sends it, with its schema. */
export function rowEvent(id: number): string {
  const after = {
    id,
    name: `Customer ${id}`,
    price: 'BOI=',
    at: 1714566896789012,
    note: `a note of row ${id}`,
  }
  const source = {
    connector: 'postgresql',
    name: 'pg',
    ts_ms: 1796029269166,
    snapshot: 'false',
    db: 'shop',
    schema: 'public',
    table: 't',
    lsn: 22185728 + id,
  }
  return `{"schema":${SCHEMA},"payload":${JSON.stringify({ before: null, after, source, op: 'c' })}}`
}
