import type { FeedConnection } from '../../types/bound-token.ts'
import { channelOf } from '../channels.ts'

/** What is done while one of the feeds of revocations is down, and some may be missed. */
export interface FeedStates {
  /**
   * One feed more.
   *
   * @param name - what to call it in the statistics and on the channel
   * @param isComplete - whether it tells of what was missed when it comes, so that nothing need be forgotten when it comes first
   * @returns tells whether it is up
   */
  watch (name: string, isComplete: boolean): (isUp: boolean) => void
  /** How many are not up. */
  down (): number
  connections (): readonly FeedConnection[]
}

export interface FeedStatesOptions {
  /** `clear`, `bypass` or `keep`. */
  readonly onDisconnect: string
  /** Nothing that was remembered counts, until told otherwise. */
  bypass (isBypassed: boolean): void
  /** Nothing that was remembered so far counts any more. */
  clear (): void
  onTrouble (detail: string): void
}

interface Feed {
  readonly name: string
  isUp: boolean
  /** Whether it has ever said. */
  isKnown: boolean
}

const published = channelOf('feed')

export function feedStates ({ onDisconnect, bypass, clear, onTrouble }: FeedStatesOptions): FeedStates {
  const feeds: Feed[] = []
  const down = (): number => feeds.filter(({ isUp }) => !isUp).length

  return {
    watch (name, isComplete) {
      const feed: Feed = { name, isUp: false, isKnown: false }
      feeds.push(feed)
      // Until it is up for the first time, too, something may be missed that it would have told.
      if (onDisconnect === 'bypass' && !isComplete) bypass(true)
      return (isUp) => {
        const { isKnown } = feed
        if (isKnown && isUp === feed.isUp) return
        feed.isKnown = true
        feed.isUp = isUp
        if (published.hasSubscribers) published.publish(Object.freeze({ feed: name, isUp }))
        if (!isUp) onTrouble(`a feed of revocations is down: ${onDisconnect}`)
        else if (isKnown) onTrouble('a feed of revocations is up again')
        if (onDisconnect === 'bypass') bypass(down() > 0)
        // What was asked before it was up may have been revoked since, and nobody told.
        if ((onDisconnect === 'clear' && isKnown) || (onDisconnect !== 'keep' && isUp && (isKnown || !isComplete))) clear()
      }
    },

    down,
    connections: () => feeds.map(({ name, isUp, isKnown }) => ({ feed: name, isUp: isKnown ? isUp : null }))
  }
}
