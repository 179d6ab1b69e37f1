import { z } from 'zod'
import { section } from './section.ts'

const filePath = z.string().min(1)

/** Our own certificate: what a TLS server shows. */
export const serverTls = z.strictObject({
  certFile: filePath.describe('PEM file with the certificate chain'),
  keyFile: filePath.describe('PEM file with the private key')
})

/** How a TLS connection made by the gateway is verified, and what it shows for itself (mutual TLS). */
export const clientTls = section({
  ca: filePath.optional().describe('PEM file with the certificate authorities to believe instead of the public ones'),
  serverName: z.string().min(1).optional().describe('Name expected in the certificate, when it is not the host of the URL'),
  verify: z.boolean().default(true).describe('false accepts any certificate: anyone on the way can read and change everything'),
  certFile: filePath.optional().describe('PEM file with a client certificate'),
  keyFile: filePath.optional().describe('PEM file with the key of the client certificate')
}).refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), 'has only one of certFile and keyFile: a certificate is of no use without its key')
