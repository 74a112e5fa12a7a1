/** application/x-www-form-urlencoded, read as RFC 6749 appendix B says and without the class that wrote it. */
export function readForm (body: string): Array<[name: string, value: string]> {
  return body.split('&').map((pair) => {
    const [name = '', value = '', ...rest] = pair.split('=')
    if (rest.length > 0) throw new Error(`more than one "=" in ${pair}`)
    return [formDecode(name), formDecode(value)]
  })
}

export function formDecode (text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

/** Every value under a name. */
export function valuesOf (body: string, name: string): string[] {
  return readForm(body).filter(([found]) => found === name).map(([, value]) => value)
}
