import { secretHeader } from '../../examples/secret-header/example.ts'
import { testStory } from './story.ts'

testStory('secret-header', secretHeader)
