import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { formatNames, type FormatName } from '../certificate/formats.ts'
import { presets, type Preset } from '../certificate/presets.ts'
import { OptionsError } from '../errors.ts'
import type { ProbeOptions } from './probe.ts'
import { leastSecret, sendable } from './wire.ts'

export const usage = `usage: fastify-bound-token probe <url>... --header <name> | --preset <name>

Sends to each URL what a client may write to pass for another one, and says what of it would be believed.
The application must have the option \`probe: { secret }\` for that time.

  --header <name>         the certificate header, as the option \`certificate.header\` has it
  --verify-header <name>  the header with the proxy's verdict; from the presets when absent
  --verify-value <text>   a good verdict
  --preset <name>         fills these three and --format: ${Object.keys(presets).join(', ')}
  --format <name>         how the certificate stands in the header (base64-der): ${formatNames.join(', ')}
  --secret-env <name>     environment variable with the secret of the probe (BOUND_TOKEN_PROBE_SECRET)
  --secret-file <path>    file with the secret instead
  --cert <path>           client certificate, PEM; with --key. Without it only connections that show none are tried
  --key <path>            its private key, PEM
  --ca <path>             authorities to trust for the front's certificate, PEM, instead of those of Node
  --servername <name>     name that the front's certificate must have
  --connect <host:port>   connect there instead of to the host of the URL
  --timeout <ms>          for each connection, and for each answer (5000)
  --direct                the URL reaches the application past the proxy: it is right that the plugin does not trust it
  --json                  the report as JSON

Exit code 0: nothing was forged; 1: something was; 2: that could not be found out.`

const text = { type: 'string' } as const
const options = {
  header: text,
  'verify-header': text,
  'verify-value': text,
  preset: text,
  format: text,
  'secret-env': text,
  'secret-file': text,
  cert: text,
  key: text,
  ca: text,
  servername: text,
  connect: text,
  timeout: text,
  direct: { type: 'boolean' },
  json: { type: 'boolean' }
} as const

/** All shapes on all connections are less than 100 requests. */
const mostUrls = 10

export interface ProbeArguments {
  /** One for each URL. */
  readonly probes: readonly ProbeOptions[]
  readonly isJson: boolean
}

/** @throws OptionsError */
export function readArguments (args: readonly string[], env: NodeJS.ProcessEnv): ProbeArguments {
  const { values, positionals } = parse(args)
  const preset = presetOf(values.preset)
  const header = values.header ?? preset?.header
  if (header === undefined) throw new OptionsError(`--header: missing; allowed: the name of a header, or --preset with one of ${Object.keys(presets).join(', ')}`)
  const verifyHeader = values['verify-header'] ?? (preset === undefined || preset.verified === false ? null : preset.verified.header)
  refuseUnlessName(header, '--header')
  if (verifyHeader !== null) refuseUnlessName(verifyHeader, '--verify-header')
  if (positionals.length === 0) throw new OptionsError(`url: missing; allowed: 1 to ${mostUrls} http or https URLs`)
  if (positionals.length > mostUrls) throw new OptionsError(`url: found ${positionals.length}; allowed: 1 to ${mostUrls}, since one run of the echo is 1000 requests at most`)
  const verifyValue = values['verify-value'] ?? (preset === undefined || preset.verified === false ? null : preset.verified.value)
  if (verifyValue !== null && !/^[\x20-\x7e]+$/.test(verifyValue)) throw new OptionsError('--verify-value: found text that no header can hold; allowed: printable ASCII')
  const shared = {
    header,
    verifyHeader,
    verifyValue,
    format: formatOf(values.format) ?? preset?.format ?? 'base64-der',
    secret: secretOf(values['secret-env'], values['secret-file'], env),
    identity: identityOf(values.cert, values.key),
    presets,
    isDirect: values.direct === true
  }
  const front = {
    connectTo: values.connect === undefined ? null : addressOf(values.connect),
    servername: values.servername ?? null,
    ca: values.ca === undefined ? null : certificatesOf(values.ca, '--ca'),
    timeout: timeoutOf(values.timeout ?? '5000')
  }
  return { probes: positionals.map((url) => ({ ...shared, front: { ...front, url: urlOf(url) } })), isJson: values.json === true }
}

type Values = { -readonly [Name in keyof typeof options]?: (typeof options)[Name]['type'] extends 'boolean' ? boolean : string }

function parse (args: readonly string[]): { values: Values, positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    // Node names the option and what is wrong with it.
    throw new OptionsError(`${(error as Error).message.replace(/\. .*/s, '')}; allowed: ${Object.keys(options).map((name) => `--${name}`).join(', ')}`)
  }
}

function presetOf (name: string | undefined): Preset | undefined {
  if (name === undefined) return undefined
  if (!Object.hasOwn(presets, name)) throw new OptionsError(`--preset: found "${name}"; allowed: ${Object.keys(presets).join(', ')}`)
  return presets[name as keyof typeof presets]
}

function formatOf (name: string | undefined): FormatName | undefined {
  if (name !== undefined && !(formatNames as string[]).includes(name)) throw new OptionsError(`--format: found "${name}"; allowed: ${formatNames.join(', ')}`)
  return name as FormatName | undefined
}

function refuseUnlessName (name: string, option: string): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new OptionsError(`${option}: found ${JSON.stringify(name)}; allowed: the name of a header`)
}

function secretOf (name: string | undefined, file: string | undefined, env: NodeJS.ProcessEnv): string {
  if (name !== undefined && file !== undefined) throw new OptionsError('--secret-env and --secret-file: found both; allowed: one of them')
  const from = file === undefined ? `the environment variable ${name ?? 'BOUND_TOKEN_PROBE_SECRET'}` : '--secret-file'
  const secret = file === undefined ? env[name ?? 'BOUND_TOKEN_PROBE_SECRET'] : read(file, '--secret-file').replace(/\r?\n$/, '')
  if (secret === undefined) throw new OptionsError(`${from}: not set; allowed: the secret of the application's option \`probe\`, or --secret-file`)
  if (secret.length < leastSecret || !sendable.test(secret)) {
    throw new OptionsError(`${from}: found ${secret.length} characters; allowed: the secret of the application's option \`probe\`, at least ${leastSecret} visible ASCII characters`)
  }
  return secret
}

function identityOf (certificate: string | undefined, key: string | undefined): ProbeOptions['identity'] {
  if (certificate === undefined && key === undefined) return null
  if (certificate === undefined || key === undefined) throw new OptionsError(`--${certificate === undefined ? 'cert' : 'key'}: missing; allowed: --cert and --key together`)
  const identity = { certificate: certificatesOf(certificate, '--cert'), key: read(key, '--key') }
  try {
    if (new X509Certificate(identity.certificate).checkPrivateKey(createPrivateKey(identity.key))) return identity
  } catch {
    throw new OptionsError(`--key: found no private key in ${key}; allowed: a PEM file with a private key that is not encrypted`)
  }
  throw new OptionsError('--key: found the key of another certificate; allowed: that of --cert')
}

function certificatesOf (file: string, option: string): string {
  const pem = read(file, option)
  try {
    if (new X509Certificate(pem).raw.length > 0) return pem
  } catch {}
  throw new OptionsError(`${option}: found no certificate in ${file}; allowed: a PEM file`)
}

function read (file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OptionsError(`${option}: cannot read ${file} (${(error as NodeJS.ErrnoException).code}); allowed: the path of a file`)
  }
}

function urlOf (given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new OptionsError(`url: found ${url === null ? JSON.stringify(given) : `${url.protocol}//…`}; allowed: an http or https URL without credentials`)
  }
  return url
}

function addressOf (given: string): { host: string, port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given) ?? []
  const host = bracketed ?? plain
  if (host === undefined || !(Number(port) >= 1 && Number(port) <= 65_535)) throw new OptionsError(`--connect: found ${JSON.stringify(given)}; allowed: host:port, or [address]:port`)
  return { host, port: Number(port) }
}

function timeoutOf (given: string): number {
  const timeout = /^\d{1,6}$/.test(given) ? Number(given) : NaN
  if (!(timeout >= 100 && timeout <= 60_000)) throw new OptionsError(`--timeout: found ${JSON.stringify(given)}; allowed: milliseconds from 100 to 60000`)
  return timeout
}
