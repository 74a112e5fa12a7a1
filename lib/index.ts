export { default, default as fastifyBoundToken, forward } from './plugin.ts'
export type * from '../types/index.ts'
