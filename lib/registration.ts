import { compileCache } from './cache/compile.ts'
import { compileCertificateSource } from './certificate/compile.ts'
import { serverTls, type Surroundings } from './certificate/surroundings.ts'
import { OptionsError } from './errors.ts'
import { defaultOf, PluginSchema, type IssuerOptions, type Secret } from './options.ts'
import type { Registration } from './policy.ts'
import type { Probe } from './probe/hook.ts'
import { compileIssuer, type Report } from './token/compile.ts'
import { compileFeeds } from './feeds.ts'
import { factsOf } from './token/facts.ts'
import type { VerifyingIssuer } from './token/dispatch.ts'
import { verification } from './verification.ts'
import { tlsMaterial } from './tls-material.ts'
import { validateOptions } from './validate.ts'

/**
 * Checks the plugin's options and prepares what all routes share.
 *
 * @throws OptionsError
 */
export async function compileRegistration (options: unknown, server: unknown, report: Report): Promise<Registration> {
  const { certificate, issuers, cache = {}, revocation = {}, realm, probe, routes = [], ...defaults } = validateOptions(PluginSchema, options, 'options')
  const surroundings: Surroundings = { server: serverTls(server), onTrouble: (detail) => report('warn', null, detail) }
  const source = compileCertificateSource(certificate, 'options.certificate', surroundings)
  refuseTwins(issuers)
  const answering = probe === undefined ? null : await openProbe(probe.secret)
  await source.ready()
  const compiled = await compileIssuers(issuers, report)
  const open: Array<{ close (): Promise<void> }> = [source, ...compiled]
  const close = async (): Promise<void> => { await Promise.all(open.map(async (each) => { await each.close() })) }
  const closing = async (error: unknown): Promise<never> => {
    await close()
    throw error
  }
  const { onTrouble } = surroundings
  const compiledCache = await compileCache(cache, revocation, factsOf, tlsMaterial, onTrouble).catch(closing)
  open.push(compiledCache)
  const { tokens, evicting } = compiledCache
  const feeds = await compileFeeds(revocation, { issuers: issuers.map(({ issuer }) => issuer), evicting, states: compiledCache.feeds, onTrouble }).catch(closing)
  open.push(feeds)
  return Object.freeze<Registration>({
    verifiedBy: verification(compiled, tokens),
    evicting,
    feeds,
    stats: () => ({
      tokens: tokens.stats(),
      issuers: compiled.map(({ issuer, introspection }) => ({ issuer: issuer.name, introspection: introspection?.stats?.() ?? null })),
      feeds: feeds.stats()
    }),
    certificate: source,
    surroundings,
    realm: realm ?? defaultOf<string>(PluginSchema.properties.realm),
    defaults,
    routes,
    probe: answering,
    close,
    async closeUnless (start) {
      try {
        start()
      } catch (error) {
        await close()
        throw error
      }
    }
  })
}

/** What answers a probe is loaded only in a process that is probed. */
async function openProbe (secret: Secret): Promise<Probe> {
  const [{ resolveProbeSecret }, { probeRun }, { answerProbe }] = await Promise.all([import('./probe/secret.ts'), import('./probe/run.ts'), import('./probe/hook.ts')])
  const known = await resolveProbeSecret(secret, 'options.probe.secret')
  return { run: (log) => probeRun(known, log), answer: answerProbe }
}

/** Which of two answers for an issuer counts would be anybody's guess. */
function refuseTwins (issuers: readonly IssuerOptions[]): void {
  const twin = issuers.findIndex(({ issuer }, index) => issuers.findIndex((other) => other.issuer === issuer) !== index)
  if (twin !== -1) throw new OptionsError(`options.issuers[${twin}].issuer: found ${JSON.stringify(issuers[twin]?.issuer)} a second time; allowed: each issuer once`)
}

/** All or none: what was opened for one is closed when another one stops the boot. */
async function compileIssuers (issuers: readonly IssuerOptions[], report: Report): Promise<readonly VerifyingIssuer[]> {
  const settled = await Promise.allSettled(issuers.map(async (issuer, index) => await compileIssuer(issuer, `options.issuers[${index}]`, report)))
  const compiled = settled.flatMap((each) => each.status === 'fulfilled' ? [each.value] : [])
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed === undefined) return compiled
  await Promise.all(compiled.map(async (issuer) => { await issuer.close() }))
  throw failed.reason
}
