import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Clock, Instant } from '../../env/clock.ts';
import type { SecureRandom } from '../../env/random.ts';
import { bits, boolean, integer, objectId, octets, pem, sequence, setOf, tagged, time, utf8 } from './der.ts';

/** A key and its certificate, as PEM texts. The key is secret. */
export interface CertifiedKey {
  readonly key: string;
  readonly cert: string;
}

/** Who a certificate is for: its common name (the user), its organizations (the groups). */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const dayMs = 24 * 3600 * 1000;
const authorityDays = 3650;
const certificateDays = 365;
/** Clocks differ: a certificate is good from a little before it was made. */
const backdatedMs = 3600 * 1000;
const serialBytes = 16;
/** Signing (digitalSignature), and signing of certificates (keyCertSign). */
const usageOfAuthority = bits(Buffer.from([0x84]), 2);
const usageOfOthers = bits(Buffer.from([0x80]), 7);

/**
 * A certificate authority of ECDSA P-256 keys, made or read from PEM: it certifies servers and clients. Clocks that stand still
 * (`ManualClock`) mean nothing to TLS peers: under them a certificate is good from 1970 to 2049.
 * Source: https://www.rfc-editor.org/rfc/rfc5280
 */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #name: Buffer;
  readonly #clock: Clock;
  readonly #random: SecureRandom;

  private constructor(made: CertifiedKey, commonName: string, { clock, random }: { readonly clock: Clock; readonly random: SecureRandom }) {
    this.certificate = made.cert;
    this.#key = createPrivateKey(made.key);
    this.#name = distinguishedName({ commonName });
    this.#clock = clock;
    this.#random = random;
  }

  static create(commonName: string, env: { readonly clock: Clock; readonly random: SecureRandom }): CertificateAuthority {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const name = distinguishedName({ commonName });
    const extensions = [
      extension(oid.basicConstraints, sequence(boolean(true)), true),
      extension(oid.keyUsage, usageOfAuthority, true),
      extension(oid.subjectKeyId, octets(keyId(publicKey))),
    ];
    const body = { subject: name, issuer: name, publicKey, extensions, days: authorityDays, signer: privateKey };
    return new CertificateAuthority({ key: keyPem(privateKey), cert: certificate(body, env) }, commonName, env);
  }

  /** An authority made before. Throws what node:crypto throws if a text is none. */
  static from(made: CertifiedKey, env: { readonly clock: Clock; readonly random: SecureRandom }): CertificateAuthority {
    const commonName = /CN=(.*)/.exec(new X509Certificate(made.cert).subject)?.[1] ?? '';
    return new CertificateAuthority(made, commonName, env);
  }

  /** The secret key, to be kept. */
  get keyPem(): string {
    return keyPem(this.#key);
  }

  /** For a server that answers under these names and addresses. */
  serverCertificate(names: readonly string[]): CertifiedKey {
    const alternatives = names.map((name) =>
      isIP(name) === 0 ? tagged(2, Buffer.from(name, 'ascii'), false) : tagged(7, Buffer.from(ipaddr.parse(name).toByteArray()), false),
    );
    return this.#issue({ commonName: 'kube-apiserver' }, oid.serverAuth, [extension(oid.subjectAltName, sequence(...alternatives))]);
  }

  /** For a client: the common name is the user, organizations are groups. */
  clientCertificate(subject: CertificateSubject, days: number = certificateDays): CertifiedKey {
    return this.#issue(subject, oid.clientAuth, [], days);
  }

  #issue(subject: CertificateSubject, purpose: string, more: readonly Buffer[], days: number = certificateDays): CertifiedKey {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const authorityId = sequence(tagged(0, keyId(createPublicKey(this.#key)), false));
    const extensions = [
      extension(oid.basicConstraints, sequence(), true),
      extension(oid.keyUsage, usageOfOthers, true),
      extension(oid.extendedKeyUsage, sequence(objectId(purpose))),
      extension(oid.authorityKeyId, authorityId),
      ...more,
    ];
    const body = { subject: distinguishedName(subject), issuer: this.#name, publicKey, extensions, days, signer: this.#key };
    return { key: keyPem(privateKey), cert: certificate(body, { clock: this.#clock, random: this.#random }) };
  }
}

interface CertificateBody {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly days: number;
  readonly signer: KeyObject;
}

function certificate(body: CertificateBody, { clock, random }: { readonly clock: Clock; readonly random: SecureRandom }): string {
  const serial = Buffer.from(random.bytes(serialBytes));
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const algorithm = sequence(objectId(oid.ecdsaWithSha256));
  const [from, until] = validity(clock, body.days);
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.from([2])), true),
    integer(serial),
    algorithm,
    body.issuer,
    sequence(time(from), time(until)),
    body.subject,
    body.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...body.extensions), true),
  );
  return pem('CERTIFICATE', sequence(toBeSigned, algorithm, bits(sign('sha256', toBeSigned, body.signer))));
}

function validity(clock: Clock, days: number): readonly [Instant, Instant] {
  if (clock.virtual) return [0, Date.UTC(2049, 11, 31)];
  return [clock.now() - backdatedMs, clock.now() + days * dayMs];
}

function distinguishedName({ commonName, organizations = [] }: CertificateSubject): Buffer {
  const attribute = (type: string, text: string): Buffer => setOf(sequence(objectId(type), utf8(text)));
  return sequence(...organizations.map((each) => attribute(oid.organization, each)), attribute(oid.commonName, commonName));
}

function extension(id: string, content: Buffer, isCritical = false): Buffer {
  return sequence(objectId(id), ...(isCritical ? [boolean(true)] : []), octets(content));
}

const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const keyId = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
