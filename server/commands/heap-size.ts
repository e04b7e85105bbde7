export { spareMemoryToLoad } from '../node/heap-size.ts'
