import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart } from './chart.ts'
import { resultForTests as result } from './result-for-tests.ts'

const svg = chart(result)

test('a bar for each that is compared with another, as long as its ratio', () => {
  const bars = [...svg.matchAll(/<rect x="300" y="\d+" width="([\d.]+)" height="14" fill="(#\w+)"/g)].map(([, width, fill]) => [Number(width), fill])
  const [[guarded, green], [jose, grey]] = bars as [[number, string], [number, string]]
  assert.equal(bars.length, 2)
  assert.notEqual(green, grey)
  assert.ok(Math.abs(guarded / jose - 1.1 / 4.1) < 0.001)
})

test('its ratio stands beside it, and the ground is white', () => {
  assert.match(svg, />1\.10<\/text>/)
  assert.match(svg, />4\.10<\/text>/)
  assert.match(svg, /<rect width="820" height="\d+" fill="#ffffff"/)
})

test('names are no markup', () => {
  assert.ok(svg.includes('A &lt;CPU&gt; &amp; more'))
  assert.ok(!svg.includes('<CPU>'))
})

test('it is as high as what is in it', () => {
  const height = Number(/ height="(\d+)" viewBox/.exec(svg)?.[1])
  const lowest = Math.max(...[...svg.matchAll(/ y="(\d+)"/g)].map(([, y]) => Number(y)))
  assert.ok(lowest < height && lowest > height - 40)
})
