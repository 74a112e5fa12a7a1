/** Attributes of a distinguished name, by the short names of RFC 4519 and OpenSSL, with their OIDs. */
export const attributeTypes = {
  CN: '2.5.4.3',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  C: '2.5.4.6',
  ST: '2.5.4.8',
  L: '2.5.4.7',
  STREET: '2.5.4.9',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  serialNumber: '2.5.4.5',
  // Of open banking: ETSI EN 319 412-1 section 5.1.4.
  organizationIdentifier: '2.5.4.97',
  businessCategory: '2.5.4.15',
  emailAddress: '1.2.840.113549.1.9.1'
} as const

export type AttributeName = keyof typeof attributeTypes
