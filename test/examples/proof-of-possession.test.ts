import { proofOfPossession } from '../../examples/proof-of-possession/example.ts'
import { testStory } from './story.ts'

testStory('proof-of-possession', proofOfPossession)
