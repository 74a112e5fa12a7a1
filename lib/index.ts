export { default, default as fastifyBoundToken, forward } from './plugin.ts'
export { withAccessToken } from './with-access-token.ts'
export type * from '../types/index.ts'
