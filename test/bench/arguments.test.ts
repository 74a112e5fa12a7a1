import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from './arguments.ts'

const byDefault = { words: [], isList: false, isChart: false, json: null, compare: null, rounds: 15, requests: 4000, mostTokens: 1_000_000 }

test('without arguments everything is measured', () => {
  assert.deepEqual(readArguments([], {}), byDefault)
})

test('words, options with their values, and numbers of the environment', () => {
  assert.deepEqual(readArguments(['known', '--json', 'a.json', '--compare', 'HEAD~1', 'jwt', '--chart'], { ROUNDS: '2', REQUESTS: '50', TOKENS: '10' }), {
    ...byDefault, words: ['known', 'jwt'], json: 'a.json', compare: 'HEAD~1', isChart: true, rounds: 2, requests: 50, mostTokens: 10
  })
  assert.equal(readArguments(['--list'], {}).isList, true)
})

test('what is wrong is told with what is allowed', () => {
  assert.throws(() => readArguments(['--jsno'], {}), /Unknown option '--jsno'/)
  assert.throws(() => readArguments(['--json'], {}), /'--json <value>' argument missing/)
  assert.throws(() => readArguments(['--compare', '--json', 'x'], {}), /'--compare' argument is ambiguous/)
  for (const wrong of ['0', 'many', '-1', '1.5', '']) assert.throws(() => readArguments([], { ROUNDS: wrong }), /ROUNDS: found ".*"; allowed: a number from 1/)
})
