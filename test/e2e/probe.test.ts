import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createClientCertificate, createPki } from '../../examples/demo/pki.ts'
import { exitCodeOf, textOf } from '../../lib/probe/report.ts'
import type { Report } from '../../lib/probe/probe.ts'
import { apache } from './front-apache.ts'
import { caddy } from './front-caddy.ts'
import { haproxy } from './front-haproxy.ts'
import { nginx, setters } from './front-nginx.ts'
import { configurations, type Expected } from './probe-configurations.ts'
import { probeFront, runCommand, secret, startProbedService } from './probed-service.ts'
import type { ProxyProcess } from './proxy-process.ts'
import { requires } from './requires.ts'

type Kind = keyof typeof configurations
type Start = (options: object) => Promise<ProxyProcess>

const programs = { nginx, haproxy, apache, caddy }
const closing = 'the probe is closed'

for (const kind of Object.keys(programs) as Kind[]) {
  test(`what a probe finds behind a real ${kind}`, requires({ [kind]: programs[kind] }), async (t) => {
    const pki = await createPki()
    const who = await createClientCertificate('partner', { issuer: pki })
    const { start, of } = configurations[kind] as unknown as { start: Start, of: Record<string, readonly [object, Expected]> }

    for (const [name, [options, expected]] of Object.entries(of)) {
      const isForged = expected.FORGED !== undefined
      await t.test(`${name}: ${isForged ? 'FORGED' : 'nothing forged'}`, async (t) => {
        const { port: upstreamPort, logged } = await startProbedService(t, { preset: kind })
        const { port, close } = await start({ pki, upstreamPort, ...options })
        t.after(close)
        const report = await probeFront(pki, port, kind, who)
        assert.equal(report.failure, null)
        assert.equal(exitCodeOf([report]), isForged ? 1 : 0, textOf(report))
        for (const verdict of ['FORGED', 'lost', 'refused', 'unclear'] as const) {
          if (verdict !== 'refused' || expected.refused !== undefined) assert.deepEqual(shapesWith(report, verdict), [...new Set(verdict === 'unclear' ? [] : expected[verdict] ?? [])].sort(), verdict)
        }
        assert.deepEqual(forgingLanes(report), { every: ['certificate', 'none'], certificate: ['certificate'], none: ['none'], nowhere: [] }[isForged ? expected.on ?? 'every' : 'nowhere'])
        const withoutCertificate = report.lanes.filter(({ hasCertificate }) => !hasCertificate).map(({ state }) => state)
        assert.deepEqual(withoutCertificate, name === 'a certificate required' ? ['stopped', 'stopped'] : ['probed', 'probed'])
        assert.ok(logged.some((line) => line.includes(closing)))
      })
    }

    await t.test('the command itself, on the recommended configuration', async (t) => {
      const { port: upstreamPort, logged, markers } = await startProbedService(t, { preset: kind })
      const { port, close } = await start({ pki, upstreamPort })
      t.after(close)
      const files = { 'ca.pem': pki.ca, 'cert.pem': who.certificate, 'key.pem': who.key, secret: `${secret}\n` }
      const args = ['probe', `https://localhost:${port}/`, '--preset', kind, '--ca', 'FOLDER/ca.pem', '--cert', 'FOLDER/cert.pem', '--key', 'FOLDER/key.pem', '--connect', `127.0.0.1:${port}`]
      const { code, stdout, stderr } = await runCommand(t, [...args, '--secret-file', 'FOLDER/secret'], { files })
      assert.deepEqual([code, stderr], [0, ''], stdout)
      assert.match(stdout, /^shape +certificate +none +certificate +none$/m)
      assert.match(stdout, /^nothing forged: \d+ requests/m)
      assert.ok(logged.some((line) => line.includes(closing)))
      assert.ok(markers.length > 40 && new Set(markers).size === markers.length, 'a fresh marker for each request')
      for (const kept of [secret, ...markers, who.certificate.slice(100, 140), who.thumbprint]) assert.ok(!`${stdout}${logged.join('')}`.includes(kept), kept)

      const again = await runCommand(t, [...args, '--json'], { files, env: { BOUND_TOKEN_PROBE_SECRET: secret } })
      assert.equal(again.code, 2, 'the secret is worth nothing now')
      assert.match((JSON.parse(again.stdout) as { reports: Report[] }).reports[0]?.failure ?? '', /^the answer was 401 and not the echo/)
    })
  })
}

test('the sample of the README is what the command prints', requires({ haproxy }), async (t) => {
  const readme = readFileSync('README.md', 'utf8')
  const sample = /^```text\n(.*?)^```$/ms.exec(readme)?.[1] as string
  const command = /^npx fastify-bound-token (probe .*)$/m.exec(readme)?.[1]?.split(' ') as string[]
  const pki = await createPki()
  const who = await createClientCertificate('partner', { issuer: pki })
  const { port: upstreamPort } = await startProbedService(t, { preset: 'haproxy' })
  const { start, of } = configurations.haproxy
  const { port, close } = await start({ pki, upstreamPort, ...of['a condition without del-header'][0] })
  t.after(close)
  const files = { 'ca.pem': pki.ca, 'partner.pem': who.certificate, 'partner.key': who.key }
  const args = [...command.map((each) => each.replace(/^partner\./, 'FOLDER/partner.')), '--ca', 'FOLDER/ca.pem', '--servername', 'localhost', '--connect', `127.0.0.1:${port}`]
  const { code, stdout } = await runCommand(t, args, { files, env: { BOUND_TOKEN_PROBE_SECRET: secret } })
  assert.equal(code, 1)
  const lines = sample.split('\n').filter((line) => line !== '' && line !== '...')
  assert.deepEqual(stdout.split('\n').filter((line) => lines.includes(line)), lines)
})

test('the command finds what is open, path by path', requires({ nginx }), async (t) => {
  const pki = await createPki()
  const who = await createClientCertificate('partner', { issuer: pki })
  const { port: upstreamPort, logged } = await startProbedService(t, { preset: 'nginx' })
  const { start } = configurations.nginx
  const { port, close } = await start({ pki, upstreamPort, more: `${setters}\n location /public { proxy_pass http://10.0.0.7:3000; }`, directives: 'proxy_set_header X-Other a;' })
  t.after(close)
  const files = { 'ca.pem': pki.ca, 'cert.pem': who.certificate, 'key.pem': who.key }
  const urls = ['/public', '/', '/public/nowhere'].map((path) => `https://localhost:${port}${path}`)
  const args = ['probe', ...urls, '--header', 'x-ssl-cert', '--format', 'url-pem',
    '--ca', 'FOLDER/ca.pem', '--cert', 'FOLDER/cert.pem', '--key', 'FOLDER/key.pem', '--connect', `127.0.0.1:${port}`, '--secret-env', 'ITS_SECRET']
  const { code, stdout } = await runCommand(t, [...args, '--json'], { files, env: { ITS_SECRET: secret } })
  assert.equal(code, 1)
  const { exitCode, reports } = JSON.parse(stdout) as { exitCode: number, reports: Array<Report & { advice: string[] }> }
  assert.deepEqual([exitCode, reports.map((report) => exitCodeOf([report]))], [1, [0, 1, 0]])
  assert.match(reports[1]?.advice.join() ?? '', /^The proxy lets the client's x-ssl-cert stand on this path/)
  assert.match(reports[0]?.notes.join() ?? '', /the application reads the verify header x-ssl-verify; it was tried with the value SUCCESS/)
  assert.equal(logged.filter((line) => line.includes(closing)).length, 1)
})

test('without --cert, what arrives without a certificate is not called harmless', requires({ nginx }), async (t) => {
  const pki = await createPki()
  const { port: upstreamPort } = await startProbedService(t, { preset: 'nginx' })
  const { start, of } = configurations.nginx
  const { port, close } = await start({ pki, upstreamPort, ...of['the verdict set, the certificate not'][0] })
  t.after(close)
  const report = await probeFront(pki, port, 'nginx', null)
  assert.equal(exitCodeOf([report]), 2)
  assert.ok(shapesWith(report, 'unclear').includes('same name'))
  assert.match(report.notes.join('\n'), /no --cert and --key: only connections without a client certificate were tried/)
  assert.match(textOf(report), /probe again with --cert and --key/)
})

test('without --cert at a front that demands one: it cannot be found out, and why', requires({ nginx, haproxy }), async (t) => {
  const pki = await createPki()
  for (const kind of ['nginx', 'haproxy'] as const) {
    const { port: upstreamPort } = await startProbedService(t, { preset: kind })
    const { start, of } = configurations[kind]
    const { port, close } = await (start as Start)({ pki, upstreamPort, ...of['a certificate required'][0] })
    t.after(close)
    const report = await probeFront(pki, port, kind, null)
    assert.equal(exitCodeOf([report]), 2)
    assert.match(report.failure ?? '', /say --cert and --key/)
  }
})

function shapesWith ({ lanes }: Report, verdict: string): string[] {
  return [...new Set(lanes.flatMap(({ findings }) => findings.filter((finding) => finding.verdict === verdict).map(({ shape }) => shape)))].sort()
}

/** On which connections something was forged; HTTP/2 must say the same. */
function forgingLanes ({ lanes }: Report): string[] {
  const forging = (protocol: string): string[] => lanes.filter((lane) => lane.protocol === protocol && lane.findings.some(({ verdict }) => verdict === 'FORGED'))
    .map(({ hasCertificate }) => hasCertificate ? 'certificate' : 'none')
  assert.deepEqual(forging('HTTP/2'), forging('HTTP/1.1'))
  return forging('HTTP/1.1')
}
