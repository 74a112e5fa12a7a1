// The other side of child.ts.

/** Answers every question of the parent, one after the other; what goes wrong is an answer, too. */
export function answering<Question> (answer: (question: Question) => object | undefined | Promise<object | undefined>): void {
  process.on('message', async (question) => {
    try {
      process.send?.(await answer(question as Question) ?? {})
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.message : String(error) })
    }
  })
  // Not killed: a profile is written when the process ends by itself.
  process.on('disconnect', () => process.exit())
}
