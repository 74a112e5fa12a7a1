/** What is known of a server by its name. */
export interface WebSocketPreset {
  readonly protocols: readonly string[]
  /** The message that subscribes to a topic. */
  subscribe (topic: string): string
  /** The topic whose subscription a message confirms; null for any other message. */
  confirms (message: Readonly<Record<string, unknown>>): string | null
  /** Whether a message says that the server did not understand us. */
  isComplaint (message: Readonly<Record<string, unknown>>): boolean
}

// The session token of an agent goes in the header with the name of AM's cookie, `iPlanetDirectoryPro` by default. Messages are
// `{ topic, timestamp, body }`. Which topic tells of revoked OAuth 2.0 tokens, and what its `body` holds, no public document says.
const pingam: WebSocketPreset = {
  protocols: ['v1.notifications.forgerock.org'],
  subscribe: (topic) => JSON.stringify({ action: 'subscribe', topic }),
  confirms: ({ topic, message }) => message === 'subscription registered' && typeof topic === 'string' ? topic : null,
  isComplaint: ({ error }) => typeof error === 'string'
}

/** The presets by their names. */
export const webSocketPresets = { pingam } as const satisfies Record<string, WebSocketPreset>
