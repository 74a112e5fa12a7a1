// Watches what this process loads, from here on.

import * as modules from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

const inThread = `
  let port
  export function initialize (given) { port = given }
  export async function load (url, context, next) {
    port.postMessage(url)
    return await next(url, context)
  }`

/** @returns gives the URLs of all files that were loaded, by import and by require */
export function watchLoading () {
  const urls = new Set()
  const drain = modules.registerHooks === undefined ? hookInThread(urls) : hookHere(urls)
  return () => {
    drain()
    // Hooks in a thread see no require.
    for (const path of Object.keys(modules.createRequire(import.meta.url).cache)) urls.add(pathToFileURL(path).href)
    return [...urls].filter((url) => url.startsWith('file:'))
  }
}

function hookHere (urls) {
  modules.registerHooks({
    load (url, context, next) {
      urls.add(url)
      return next(url, context)
    }
  })
  return () => {}
}

/** Node 20 has no other hooks. A message is sent before its file is loaded, and so is there when that has run. */
function hookInThread (urls) {
  const { port1, port2 } = new MessageChannel()
  modules.register(`data:text/javascript,${encodeURIComponent(inThread)}`, { data: port2, transferList: [port2] })
  return () => {
    for (let received = receiveMessageOnPort(port1); received !== undefined; received = receiveMessageOnPort(port1)) urls.add(received.message)
    port1.close()
  }
}
