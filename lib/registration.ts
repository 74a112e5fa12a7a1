import { Server as TlsServer } from 'node:tls'
import { cachedTokens } from './cache/cached.ts'
import { compileCertificateSource } from './certificate/compile.ts'
import { OptionsError } from './errors.ts'
import { CacheSchema, defaultOf, PluginSchema } from './options.ts'
import type { Registration } from './policy.ts'
import { compileIssuer } from './token/compile.ts'
import { validateOptions } from './validate.ts'

const cacheDefaults = CacheSchema.properties

/**
 * Checks the plugin's options and prepares what all routes share.
 *
 * @throws OptionsError
 */
export async function compileRegistration (options: unknown, server: unknown): Promise<Registration> {
  const { certificate, issuers: [issuer], cache = {}, realm, ...defaults } = validateOptions(PluginSchema, options, 'options')
  if (issuer === undefined) throw new OptionsError('options.issuers: missing')
  const speaksTls = server instanceof TlsServer
  return Object.freeze({
    issuer: issuer.issuer,
    audience: issuer.audience === false ? null : Object.freeze([issuer.audience].flat()),
    certificate: compileCertificateSource(certificate, 'options.certificate', speaksTls),
    speaksTls,
    tokens: cachedTokens(await compileIssuer(issuer, 'options.issuers[0]'), {
      enabled: cache.enabled ?? defaultOf<boolean>(cacheDefaults.enabled),
      maxEntries: cache.maxEntries ?? defaultOf<number>(cacheDefaults.maxEntries),
      defaultTtl: cache.defaultTtl ?? defaultOf<number>(cacheDefaults.defaultTtl),
      maxTtl: cache.maxTtl ?? defaultOf<number>(cacheDefaults.maxTtl),
      negativeTtl: cache.negativeTtl ?? defaultOf<number>(cacheDefaults.negativeTtl)
    }),
    realm: realm ?? defaultOf<string>(PluginSchema.properties.realm),
    defaults
  })
}
