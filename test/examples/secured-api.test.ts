import { securedApi } from '../../examples/secured-api/example.ts'
import { testStory } from './story.ts'

testStory('secured-api', securedApi)
