import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { findNginx } from '../../examples/demo/front-nginx.ts'
import { listen } from '../../examples/demo/listen.ts'
import { createClientCertificate, createPki, type ClientCertificate, type Pki } from '../../examples/demo/pki.ts'
import { request } from '../../examples/demo/request.ts'
import { requires } from './requires.ts'

const readme = await readFile('README.md', 'utf8')
const block = /^```nginx\n([^]*?)^```$/m.exec(readme)?.[1] as string

test('the nginx configuration of the README, and its trap', requires({ nginx: findNginx() }), async (t) => {
  const pki = await createPki()
  const partner = await createClientCertificate('partner', { issuer: pki })
  const selfSigned = await createClientCertificate('self-signed')
  const echo = await listen(createServer(({ headers }, response) => response.end(JSON.stringify(headers))))
  t.after(() => echo.close())
  const directives = block.replace('http://10.0.0.7:3000', `http://127.0.0.1:${echo.port}`)
  const forged = { 'X-SSL-Cert': 'forged', 'X-SSL-Verify': 'SUCCESS' }

  await t.test('the certificate and the verdict of the proxy arrive, whatever the client sends', async (t) => {
    const send = await startNginx(t, pki, directives)
    const { 'x-ssl-cert': certificate, 'x-ssl-verify': verdict } = await send(partner, forged)
    assert.equal(decodeURIComponent(String(certificate)), partner.certificate)
    assert.equal(verdict, 'SUCCESS')
  })

  await t.test('self-signed, as the README says', async (t) => {
    assert.match(readme, /say `ssl_verify_client optional_no_ca;` instead, leave `ssl_client_certificate` out/)
    const send = await startNginx(t, pki, directives.replace('ssl_verify_client on;', 'ssl_verify_client optional_no_ca;').replace(/ssl_client_certificate .*;/, ''))
    assert.equal(decodeURIComponent(String((await send(selfSigned, forged))['x-ssl-cert'])), selfSigned.certificate)
    const without = await send(null, forged)
    assert.deepEqual([without['x-ssl-cert'], without['x-ssl-verify']], [undefined, 'NONE'])
  })

  await t.test('the trap is real: a location with one proxy_set_header of its own lets a forged header through', async (t) => {
    const lines = directives.split('\n').filter((line) => /X-SSL/.test(line)).join('\n')
    const rest = directives.split('\n').filter((line) => !/X-SSL/.test(line)).join('\n')
    const send = await startNginx(t, pki, `${lines}\n${rest.replace('ssl_verify_client on;', 'ssl_verify_client optional_no_ca;')}`)
    assert.equal((await send(null, forged))['x-ssl-cert'], 'forged')
  })
})

/** nginx with these directives in its server block; gives the headers that arrive behind it. */
async function startNginx (t: TestContext, pki: Pki, directives: string): Promise<(who: ClientCertificate | null, headers: Record<string, string>) => Promise<IncomingHttpHeaders>> {
  const directory = await mkdtemp(join(tmpdir(), 'bound-token-readme-'))
  const { port, close } = await listen(createServer())
  await close()
  await mkdir(join(directory, 'temp'))
  await writeFile(join(directory, 'ca.pem'), pki.ca)
  await writeFile(join(directory, 'server.pem'), pki.server.certificate)
  await writeFile(join(directory, 'server.key'), pki.server.key)
  await writeFile(join(directory, 'nginx.conf'), `
    daemon off; master_process off; pid nginx.pid; error_log error.log; events {}
    http {
      access_log off; client_body_temp_path temp/a; proxy_temp_path temp/b; fastcgi_temp_path temp/c; uwsgi_temp_path temp/d; scgi_temp_path temp/e;
      server {
        listen 127.0.0.1:${port} ssl; ssl_certificate server.pem; ssl_certificate_key server.key;
        ${directives.replace('/etc/nginx/partners-ca.pem', 'ca.pem')}
      }
    }`)
  const nginx = spawn(findNginx() as string, ['-p', `${directory}/`, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' })
  const ended = once(nginx, 'exit')
  t.after(async () => {
    nginx.kill()
    await ended
    await rm(directory, { recursive: true })
  })
  const url = `https://localhost:${port}/`
  for (let attempt = 0; ; attempt++) {
    try {
      await request({ url, ca: pki.ca })
      break
    } catch (error) {
      if (attempt === 100 || nginx.exitCode !== null) throw new Error(await readFile(join(directory, 'error.log'), 'utf8'), { cause: error })
      await wait(20)
    }
  }
  return async (who, headers) => {
    const { status, body } = await request({ url, ca: pki.ca, headers, ...(who === null ? {} : { certificate: who.certificate, key: who.key }) })
    assert.equal(status, 200, body)
    return JSON.parse(body) as IncomingHttpHeaders
  }
}
