import { cachedTokensContract } from '../contract/cached-tokens.contract.ts'
import { cachedTokens } from './scripted-resolver.ts'

cachedTokensContract('in process', cachedTokens)
