import { cachedTokens } from '../../lib/cache/cached.ts'
import { cachedTokensContract } from '../contract/cached-tokens.contract.ts'

cachedTokensContract('in process', cachedTokens)
