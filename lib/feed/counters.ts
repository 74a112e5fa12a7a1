/** What came of what feeds told, since the registration. */
export interface FeedCounts {
  applied: number
  repeated: number
  ignored: number
  refused: number
}

export function feedCounts (): FeedCounts {
  return { applied: 0, repeated: 0, ignored: 0, refused: 0 }
}
