import type { Exchange, ExchangeOptions } from './exchange.ts'

/** undici takes long to load: only where somebody is asked over HTTP. */
export async function openExchange (options: ExchangeOptions): Promise<Exchange> {
  const { exchange } = await import('./exchange.ts')
  return exchange(options)
}
