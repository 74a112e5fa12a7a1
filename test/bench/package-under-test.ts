// The plugin that is measured: of this working tree, or of the revision that it is compared with.

import type * as Package from 'fastify-bound-token'

export const { default: boundToken, forward } = await import(process.env['BENCH_PACKAGE'] ?? 'fastify-bound-token') as typeof Package
