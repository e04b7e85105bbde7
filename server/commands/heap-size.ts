export { keepHeapsSmall } from '../node/heap-size.ts'
