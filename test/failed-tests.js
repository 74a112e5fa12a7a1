// Names again at the end what has failed: of a long log often only the end is left.

export default async function * failedTests (events) {
  const failed = []
  for await (const { type, data } of events) {
    // That a subtest has failed is no failure of its own.
    if (type === 'test:fail' && data.details.error?.failureType !== 'subtestsFailed') failed.push(data)
  }
  for (const { name, file, line, details } of failed) yield `FAILED ${file}:${line} ${name}: ${details.error?.cause?.message ?? details.error?.message}\n`
}
