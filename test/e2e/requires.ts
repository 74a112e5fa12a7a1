/**
 * Options of a test that needs programs: with one missing it is skipped, loudly, or fails where CI is set, since there it would
 * go unseen.
 */
export function requires (programs: Readonly<Record<string, string | null>>): { skip?: string } {
  const missing = Object.entries(programs).filter(([, path]) => path === null).map(([name]) => name)
  if (missing.length === 0) return {}
  const message = `${missing.join(', ')} not installed: this is NOT TESTED here`
  if (process.env['CI'] !== undefined) throw new Error(message)
  console.error(`\n!!! ${message}\n`)
  return { skip: message }
}
