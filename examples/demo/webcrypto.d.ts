// The declarations of @peculiar/x509 name the global Web Crypto types of a browser.
// These are Node's own, under those names; the DOM library would bring a window with them.

type Algorithm = import('node:crypto').webcrypto.Algorithm
type AlgorithmIdentifier = import('node:crypto').webcrypto.AlgorithmIdentifier
type BufferSource = import('node:crypto').webcrypto.BufferSource
type Crypto = import('node:crypto').webcrypto.Crypto
type CryptoKey = import('node:crypto').webcrypto.CryptoKey
type CryptoKeyPair = import('node:crypto').webcrypto.CryptoKeyPair
type EcKeyGenParams = import('node:crypto').webcrypto.EcKeyGenParams
type EcKeyImportParams = import('node:crypto').webcrypto.EcKeyImportParams
type EcdsaParams = import('node:crypto').webcrypto.EcdsaParams
type KeyUsage = import('node:crypto').webcrypto.KeyUsage
type RsaHashedImportParams = import('node:crypto').webcrypto.RsaHashedImportParams
