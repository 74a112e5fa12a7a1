import { breaker } from '../../lib/token/breaker.ts'
import type { IntrospectionOptions } from '../../lib/token/introspection.ts'
import { tokenResolverContract, type Mood, type ResolverScene } from '../contract/token-resolver.contract.ts'
import { hang, html, json, reset, startDouble, type Behaviour } from '../doubles/authorization-server.ts'
import { resolverAt } from './resolver-at.ts'

const moods: Record<Mood, Behaviour> = {
  active: json({ active: true, sub: 'alice' }),
  inactive: json({ active: false }),
  down: reset,
  'refuses us': json({ error: 'invalid_client' }, 401),
  'talks nonsense': html,
  hangs: hang
}

async function scene (options: Partial<IntrospectionOptions>): Promise<ResolverScene> {
  const double = await startDouble(moods.active)
  return {
    resolver: resolverAt(double.origin, { timeout: 150, ...options }),
    become: (mood) => double.behave(moods[mood]),
    end: () => double.close()
  }
}

tokenResolverContract('introspection', () => scene({}))
tokenResolverContract('introspection with breaker and retries', () => scene({ retries: 3, breaker: breaker({ failures: 5, pause: 1000, maxPause: 30_000, onState () {} }) }))
