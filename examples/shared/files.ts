import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { KeyPairPem, Pki } from '../demo/pki.ts'
import type { Place } from './example.ts'

/** Writes files for gateway, proxy and curl into the folder that is removed in the end. */
export async function writeFiles ({ run }: Place, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(run, name), content, { mode: 0o600 })
}

/** `ca.pem`, and the certificate of the proxy with its key: in two files for nginx, in one for HAProxy. */
export function filesOfProxy ({ ca, server }: Pki): Record<string, string> {
  return { 'ca.pem': ca, 'server.pem': server.certificate, 'server.key': server.key, 'server-with-key.pem': server.certificate + server.key }
}

/** `partner.pem` and `partner.key`, for each of the names. */
export function filesOfClients (clients: Readonly<Record<string, KeyPairPem>>): Record<string, string> {
  return Object.fromEntries(Object.entries(clients).flatMap(([name, { certificate, key }]) => [[`${name}.pem`, certificate], [`${name}.key`, key]]))
}

/** The folder of keys, for commands that are shown: from the folder where the example was started. */
export function shown ({ run }: Place): string {
  return relative('', run)
}

/** curl with the certificate of a client. */
export function curlAs (name: string, place: Place): string {
  const folder = shown(place)
  return `curl -i --cacert ${folder}/ca.pem --cert ${folder}/${name}.pem --key ${folder}/${name}.key`
}
