/** A module that only some need, loaded when it is first asked for: `import()` of one that is there still takes longer than verifying a JWT. */
export function loadedOnce<Module> (load: () => Promise<Module>): () => Promise<Module> {
  let loading: Promise<Module> | undefined
  return () => {
    loading ??= load()
    return loading
  }
}
