import { resourceServer } from '../../examples/resource-server/example.ts'
import { testStory } from './story.ts'

testStory('resource-server', resourceServer)
