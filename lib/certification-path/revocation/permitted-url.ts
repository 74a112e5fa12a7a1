/**
 * A URL that a certificate names, where it may be asked: http or https, no credentials, and a host that the operator allowed. A port
 * that is not that of the scheme has to be allowed with the host.
 */
export function permittedUrl (text: string, allowedHosts: ReadonlySet<string>): URL | null {
  if (text.length > 2048 || !URL.canParse(text)) return null
  const url = new URL(text)
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return isPlain && allowedHosts.has(url.host) ? url : null
}

/** In the form in which a URL has its host. @throws TypeError */
export function allowedHostsOf (list: readonly string[]): ReadonlySet<string> {
  return new Set(list.map((host, index) => {
    const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null
    if (url === null || url.pathname !== '/' || url.username !== '' || url.search !== '' || url.hash !== '' || /[/?#@]/.test(host)) {
      throw new TypeError(`allowedHosts[${index}]: not a host`)
    }
    return url.host
  }))
}
