import { breaker } from '../../lib/token/breaker.ts'
import type { TokenResolver } from '../../lib/token/resolver.ts'
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

async function scene (wrap: (resolver: TokenResolver) => TokenResolver): Promise<ResolverScene> {
  const double = await startDouble(moods.active)
  return {
    resolver: wrap(resolverAt(double.origin, { timeout: 150 })),
    become: (mood) => double.behave(moods[mood]),
    end: () => double.close()
  }
}

tokenResolverContract('introspection', () => scene((resolver) => resolver))
tokenResolverContract('breaker over introspection', () => scene(breaker))
