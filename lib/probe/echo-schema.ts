import { Type, type Static } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** What a line holds, as far as the probe can be told without its value. */
const HoldsSchema = Type.Union([
  Type.Literal('own'), // what the probe sent, and nothing else
  Type.Literal('both'), // that, and something else
  Type.Literal('same'), // the verdict that the probe sent, which the proxy may have written just so
  Type.Literal('other'), // something that the probe did not send
  Type.Literal('placeholder'), // what proxies write when there is no certificate
  Type.Literal('empty')
])

const LineSchema = Type.Object({
  holds: HoldsSchema,
  isAlias: Type.Boolean(),
  /** What stands between letters and digits of the name as it came: `__` of `x_ssl_cert`. */
  signs: Type.String({ maxLength: 256, pattern: '^[\\x21-\\x7e]*$' })
})

/** What a header is for: `certificate`, `verdict`. */
const role = { maxLength: 40, pattern: '^[A-Za-z]+$' }
const RolesSchema = Type.Array(Type.String(role), { maxItems: 20 })

/** What the application answers to a request of the probe. No value of any header stands in it, and no name. */
const EchoSchema = Type.Object({
  probe: Type.Literal(1),
  /** Whether the request said what the probe sent: without that nothing is told apart. */
  isToldApart: Type.Boolean(),
  /** Digest of what the request said that it sent: the answer to another request would prove nothing. */
  answers: Type.Union([Type.String({ maxLength: 43 }), Type.Null()]),
  fields: Type.Record(Type.String(role), Type.Object({
    nameDigest: Type.String({ maxLength: 43 }),
    lines: Type.Array(LineSchema, { maxItems: 1000 })
  }), { additionalProperties: false }),
  /** Of these, those that a `Connection` header lists. */
  listedByConnection: RolesSchema,
  /** Of these, those that came as trailers. */
  trailers: RolesSchema,
  isPeerTrusted: Type.Boolean(),
  /** What the plugin would make of the request. */
  plugin: Type.Object({
    /** `read`, or the reason of the refusal. */
    outcome: Type.String({ maxLength: 60, pattern: '^[a-z_]+$' }),
    detail: Type.Union([Type.String({ maxLength: 200, pattern: '^[\\x20-\\x7e]*$' }), Type.Null()]),
    /** What the fields hold that it would judge; null where there is none, or where it does not come to that. */
    certificate: Type.Union([HoldsSchema, Type.Null()]),
    verdict: Type.Union([HoldsSchema, Type.Null()]),
    /** Whether it is refused for how many lines there are and what they are called, whatever stands in them. */
    isAboutLines: Type.Boolean(),
    /** Whether the certificate that was read is the one that the probe sent. */
    isForged: Type.Boolean()
  })
})

export type Holds = Static<typeof HoldsSchema>
export type Line = Static<typeof LineSchema>
export type Echo = Static<typeof EchoSchema>

/** The echo, if a body is one: what is shown of it to people is bounded, whoever answered. */
export function readEcho (body: string): Echo | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return null
  }
  return Value.Check(EchoSchema, parsed) ? parsed : null
}
