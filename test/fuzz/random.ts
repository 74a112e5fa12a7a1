/** Whole numbers from a seed, the same on every machine: sfc32, fast and good enough to choose what to break. */
export interface Random {
  /** From 0 to below the limit. */
  below (limit: number): number
  of<T> (list: ArrayLike<T>): T
}

export function randomFrom (seed: number): Random {
  let [a, b, c, count] = [0x9e3779b9, 0x243f6a88, seed | 0, 1]
  const next = (): number => {
    const sum = (a + b + count++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return sum >>> 0
  }
  for (let i = 0; i < 16; i++) next()
  const below = (limit: number): number => next() % limit
  return { below, of: (list) => list[below(list.length)] as never }
}
