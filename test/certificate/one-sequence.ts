/** Whether bytes are one SEQUENCE with the shortest length that reaches exactly to their end. */
export function isOneSequence (bytes: Uint8Array): boolean {
  const { length } = bytes
  const content = length - (length < 130 ? 2 : length < 259 ? 3 : length < 65_540 ? 4 : 5)
  const header = content < 128 ? [content] : content < 256 ? [0x81, content] : content < 65_536 ? [0x82, content >> 8, content & 0xff] : []
  return header.length > 0 && Buffer.from(bytes).subarray(0, header.length + 1).equals(Buffer.of(0x30, ...header))
}
