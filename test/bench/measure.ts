import type { Arguments } from './arguments.ts'
import type { Contender, Group } from './contender.ts'
import { setScene, type Scene } from './material.ts'
import type { Measurement } from './measurement.ts'
import { machine, type Result, type Row } from './result.ts'
import type { Revision } from './revision.ts'
import { addTimes, fill, interleave, lookAtSizes, shares } from './rounds.ts'
import { startContender, type Running } from './running.ts'
import { choose, measurements } from './sections.ts'

type Asked = Pick<Arguments, 'words' | 'rounds' | 'requests' | 'mostTokens'>
type Progress = (what: string) => void
type Found = { readonly [Part in 'rows' | 'figures' | 'left']: Array<Result[Part][number]> }

/**
 * Measures what was asked for, one group after the other.
 *
 * @param revision - whose plugin is measured beside that of the working tree, in the same rounds; then nothing but the rounds is
 * @throws Error when a process ends, answers too late or refuses a request
 */
export async function measure (asked: Asked, revision: Revision | null, tell: Progress): Promise<Result> {
  const groups = choose(asked.words).filter(({ contenders }) => revision === null || contenders.some(({ isOurs }) => isOurs))
  const chosenMeasurements = revision === null ? measurements.filter(({ name }) => asked.words.length === 0 || asked.words.some((word) => name.includes(word))) : []
  if (groups.length + chosenMeasurements.length === 0) throw new Error(`nothing has one of these words: ${asked.words.join(' ')}; --list tells the names`)
  const scene = await setScene(groups.some(({ contenders }) => contenders.some(({ needs }) => needs === 'redis')))
  const found: Found = { rows: [], figures: [], left: [] }
  try {
    for (const group of groups) {
      tell(`${group.name}: ${group.about}`)
      await measureGroup(scene, group, asked, revision, found)
    }
    for (const measurement of chosenMeasurements) {
      tell(`${measurement.name}: ${measurement.about}`)
      found.figures.push(...await measureApart(scene, measurement, asked))
    }
  } finally {
    await scene.close()
  }
  return { machine: machine(), rounds: asked.rounds, requests: asked.requests, ...found }
}

/** What V8 makes of the same code differs from process to process, by a third of a request: so each is started several times. */
const usualStarts = 5

async function measureGroup (scene: Scene, group: Group, { rounds, requests, mostTokens }: Asked, revision: Revision | null, found: Found): Promise<void> {
  const left = new Map<string, string>()
  const able = group.contenders.filter((contender) => {
    if (contender.traffic.known > mostTokens) left.set(contender.name, `more than TOKENS=${mostTokens}`)
    else if (contender.needs === 'redis' && scene.material.redis === null) left.set(contender.name, 'there is no redis-server or valkey-server on this machine')
    else return true
    return false
  })
  const wanted = Math.min(rounds, group.mostRounds ?? rounds)
  const rows: Row[] = []
  for (const share of shares(wanted, Math.min(wanted, group.mostStarts ?? usualStarts))) {
    const running: Running[] = []
    try {
      const started = await Promise.allSettled(able.map(async (contender) => await startEach(scene, contender, group.name, revision, (name, why) => { left.set(name, why) })))
      running.push(...started.flatMap((each) => each.status === 'fulfilled' ? each.value : []))
      for (const each of started) if (each.status === 'rejected') throw each.reason
      if (running.length === 0) break
      found.figures.push(...await fill(running, group.name))
      addTimes(rows, await interleave(running, { group: group.name, rounds: share, requests, isTidied: group.name === 'size' }))
      if (group.name === 'size') found.figures.push(...await lookAtSizes(running, requests, group.name))
    } finally {
      await Promise.all(running.map(async (each) => await each.end()))
    }
  }
  found.rows.push(...rows)
  found.left.push(...[...left].map(([name, why]) => ({ group: group.name, name, why })))
}

/** One, or with a revision to compare with, both; an old one may lack options that a contender needs. */
async function startEach (scene: Scene, contender: Contender, group: string, revision: Revision | null, leave: (name: string, why: string) => void): Promise<Running[]> {
  const ofWorkingTree = await startContender(scene, contender, { group })
  if (revision === null || !contender.isOurs) return [ofWorkingTree]
  try {
    return [ofWorkingTree, await startContender(scene, contender, { group, revision })]
  } catch (error) {
    leave(`${contender.name} (${revision.name})`, `does not start: ${error instanceof Error ? error.message : String(error)}`)
    return [ofWorkingTree]
  }
}

async function measureApart (scene: Scene, measurement: Measurement, { rounds, requests, mostTokens }: Asked): Promise<Result['figures']> {
  const running: Running[] = []
  const start = async (contender: Contender): Promise<Running> => {
    const each = await startContender(scene, contender, { group: measurement.name })
    running.push(each)
    return each
  }
  try {
    return await measurement.measure({ scene, rounds, requests, mostTokens, start })
  } finally {
    await Promise.all(running.map(async (each) => await each.end()))
  }
}
