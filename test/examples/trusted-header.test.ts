import { trustedHeader } from '../../examples/trusted-header/example.ts'
import { testStory } from './story.ts'

testStory('trusted-header', trustedHeader)
