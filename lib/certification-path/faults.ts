/** Why a certificate is refused: every code, and what it means to whoever runs the service. */
export const pathFaults = Object.freeze({
  leaf_malformed: 'the client certificate is not exactly one X.509 certificate in DER',
  leaf_expired: 'the client certificate has expired',
  leaf_not_yet_valid: 'the client certificate is not valid yet',
  ca_as_leaf: 'the certificate of a certification authority was shown as that of a client',
  no_path: 'no chain of names leads from the client certificate to a trust anchor: the issuer is not trusted, or an intermediate is missing',
  issuer_expired: 'an issuing certificate has expired',
  issuer_not_yet_valid: 'an issuing certificate is not valid yet',
  signature_invalid: 'a signature was not made by the key of the certificate that is named as issuer',
  signature_weak: 'a signature by an algorithm that is too weak (SHA-1, MD5) or not supported',
  algorithm_mismatch: 'a certificate names one signature algorithm inside and another beside its signature',
  key_weak: 'a public key that is too weak, too large, of a type that is not supported, or not one at all',
  not_a_ca: 'an issuing certificate is not that of a certification authority',
  path_too_long: 'more intermediates than a certificate or the limit allows',
  key_usage: 'a key was used for what its certificate does not allow',
  extended_key_usage: 'a certificate is not meant for the authentication of clients',
  name_constraints: 'a name that the constraints of an issuer do not allow, or constraints that cannot be applied',
  policy: 'no certificate policy holds for the whole path where one is required',
  critical_extension: 'a critical extension that is not understood',
  duplicate_extension: 'an extension that is there twice',
  extension_malformed: 'an extension that cannot be read, or that this certificate may not have',
  name_invalid: 'an empty issuer, or an empty subject without a critical alternative name',
  serial_number: 'a serial number that is zero, negative or longer than 20 octets',
  limit_exceeded: 'the judgement would take more work than a limit allows'
})

export type PathFault = keyof typeof pathFaults

/** Details are constant texts, numbers and object identifiers: nothing that the client wrote as text. */
export interface Fault {
  readonly reason: PathFault
  readonly detail: string
}

export function fault (reason: PathFault, detail: string): Fault {
  return Object.freeze({ reason, detail })
}
