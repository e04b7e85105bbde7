import { getHeapStatistics } from 'node:v8'

/** Returns the body of `_system`: CouchDB's members, filled in where a Node process knows the value, else 0. */
export function systemState() {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  const usage = process.resourceUsage()
  return {
    uptime: Math.floor(process.uptime()),
    memory: {
      other: Math.max(0, rss - heapTotal - external),
      atom: 0,
      atom_used: 0,
      processes: heapTotal,
      processes_used: heapUsed,
      binary: external,
      code: getHeapStatistics().total_heap_size_executable,
      ets: 0,
    },
    run_queue: 0,
    run_queue_dirty_cpu: 0,
    ets_table_count: 0,
    context_switches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    reductions: usage.userCPUTime + usage.systemCPUTime,
    garbage_collection_count: 0,
    words_reclaimed: 0,
    io_input: usage.fsRead,
    io_output: usage.fsWrite,
    os_proc_count: 0,
    stale_proc_count: 0,
    process_count: 1,
    process_limit: 1,
    message_queues: {},
    internal_replication_jobs: 0,
    distribution: {},
  }
}
