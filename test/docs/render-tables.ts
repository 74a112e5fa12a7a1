import { readFileSync } from 'node:fs'
import type { TSchema } from '@sinclair/typebox'
import { presets } from '../../lib/certificate/presets.ts'
import { channels } from '../../lib/channels.ts'
import { answers, reasons } from '../../lib/errors.ts'
import * as options from '../../lib/options.ts'
import { figureTable, speedSentence, speedTable } from '../bench/readme.ts'
import type { Result } from '../bench/result.ts'
import { typeText } from './render-types.ts'

const route = options.RouteSchema.properties
const shared = Object.keys(route).filter((name) => name in options.PluginSchema.properties && name !== 'certificate' && name !== 'cache')

/** What stands between `<!-- name -->` and `<!-- /name -->` in the README. */
export const tables: Readonly<Record<string, () => string>> = {
  'bench:figures': () => figureTable(benchResult()),
  'bench:sentence': () => speedSentence(benchResult()),
  'bench:speed': () => speedTable(benchResult()),
  channels: channelTable,
  'options:certificate': () => optionTable(options.CertificateSchema, 'certificate.'),
  'options:issuer': () => optionTable(options.IssuerSchema, 'issuers[].'),
  'options:gateway-route': () => optionTable(options.GatewayRouteSchema, 'routes[].', Object.keys(route)),
  'options:log': () => optionTable(options.LogSchema, 'log.'),
  'options:server': () => optionTable(options.ServerSchema, 'server.'),
  'options:key': () => optionTable(options.KeySchema, ''),
  'options:plugin': () => optionTable(options.PluginSchema, '', ['certificate', 'issuers', ...shared]),
  'options:revocation': () => optionTable(options.RevocationSchema, 'certificate.trust.revocation.'),
  'options:webhook': () => optionTable(options.WebhookSchema, 'revocation.webhook.'),
  'options:websocket': () => optionTable(options.WebSocketSchema, 'revocation.websocket.'),
  'options:route': () => optionTable(options.RouteSchema, ''),
  presets: presetTable,
  reasons: reasonTable
}

/** Of the last run that was kept. */
function benchResult (): Result {
  return JSON.parse(readFileSync('test/bench/results.json', 'utf8')) as Result
}

function optionTable (schema: TSchema, prefix: string, without: readonly string[] = []): string {
  return table(['option', 'type', 'default', 'meaning'], rows(schema, prefix, without))
}

function rows (schema: TSchema, prefix: string, without: readonly string[] = []): string[][] {
  const required: string[] = schema['required'] ?? []
  return Object.entries(schema['properties'] as Record<string, TSchema>).filter(([name]) => !without.includes(name)).flatMap(([name, property]) => {
    const isNested = property['type'] === 'object' && property['properties'] !== undefined
    const byDefault = property.default !== undefined ? code(JSON.stringify(property.default)) : required.includes(name) ? 'required' : ''
    const isElsewhere = isNested && prefix === '' && name === 'certificate'
    const type = isNested ? 'object' : onOneLine(typeText(property))
    return [
      [code(prefix + name), code(type), byDefault, property.description ?? ''],
      ...(isNested && !isElsewhere ? rows(property, `${prefix}${name}.`) : [])
    ]
  })
}

/** The text of a type without its comments. */
function onOneLine (type: string): string {
  return type.replace(/\/\*\*[^]*?\*\/\s*/g, '').replace(/\{\s+/g, '{ ').replace(/\s*\n\s*\}/g, ' }').replace(/\s*\n\s*/g, ', ')
}

function presetTable (): string {
  return table(['preset', 'header', 'format', 'verify header'], Object.entries(presets).map(([name, { header, format, verified }]) =>
    [code(name), code(header), code(format), verified === false ? '' : code(`${verified.header}: ${verified.value}`)]))
}

function channelTable (): string {
  return table(['channel', 'message', 'when, and what it says'], Object.entries(channels).map(([name, [type, about]]) =>
    [code(`fastify-bound-token:${name}`), code(type), about]))
}

function reasonTable (): string {
  return table(['reason, in log and decisions', 'status', 'code, for the client', 'meaning'], Object.entries(reasons).map(([reason, [answer, meaning]]) =>
    [code(reason), String(answers[answer].statusCode), code(answers[answer].code), meaning]))
}

function table (head: readonly string[], body: readonly string[][]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

function code (text: string): string {
  return `\`${text}\``
}
