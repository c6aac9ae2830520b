import { generateKeyPairSync } from 'node:crypto';
import type { SecretManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { Registry } from '../../api/registry.ts';
import type { Clock } from '../../env/clock.ts';
import type { SecureRandom } from '../../env/random.ts';
import { AlreadyExistsError } from '../../errors.ts';
import { secretKind } from '../../kinds/secret.ts';
import { CertificateAuthority } from '../tls/certificate-authority.ts';

const at = { namespace: 'kube-system', name: 'coxswain-keys' };

export interface ClusterKeysParts {
  readonly name: string;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly secureRandom: SecureRandom;
}

/**
 * The keys of a cluster: its certificate authority, and the key that signs the tokens of service accounts. They are made when first
 * asked for and kept in the Secret `kube-system/coxswain-keys`, so that a server that is started again on the same store, or
 * another control plane beside it, is still trusted. Under a `ManualClock` they stay in memory: the history of such a cluster holds
 * nothing that chance decides.
 */
export class ClusterKeys {
  readonly #parts: ClusterKeysParts;
  #made: Promise<{ readonly authority: CertificateAuthority; readonly signingKey: string }> | undefined;

  constructor(parts: ClusterKeysParts) {
    this.#parts = parts;
  }

  async authority(): Promise<CertificateAuthority> {
    return (await this.#keys()).authority;
  }

  /** The secret key of tokens, as PEM (PKCS #8, P-256). */
  async signingKey(): Promise<string> {
    return (await this.#keys()).signingKey;
  }

  #keys(): Promise<{ readonly authority: CertificateAuthority; readonly signingKey: string }> {
    this.#made ??= this.#load();
    // What failed (a store that does not answer) is tried again.
    this.#made.catch(() => (this.#made = undefined));
    return this.#made;
  }

  async #load(): Promise<{ readonly authority: CertificateAuthority; readonly signingKey: string }> {
    const { name, registry, clock, secureRandom } = this.#parts;
    const env = { clock, random: secureRandom };
    const kind = secretKind as KindDescriptor;
    for (;;) {
      const kept = clock.virtual ? undefined : ((await registry.current(kind, at)) as SecretManifest | undefined)?.data;
      if (kept !== undefined) {
        const text = (key: string): string => Buffer.from(kept[key] ?? '', 'base64').toString('utf8');
        return { authority: CertificateAuthority.from({ key: text('ca.key'), cert: text('ca.crt') }, env), signingKey: text('sa.key') };
      }
      const authority = CertificateAuthority.create(`${name}-ca`, env);
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      if (clock.virtual) return { authority, signingKey };
      const data = { 'ca.crt': authority.certificate, 'ca.key': authority.keyPem, 'sa.key': signingKey };
      const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]));
      try {
        await registry.create(kind, { metadata: at, type: 'Opaque', data: encoded } as SecretManifest);
        return { authority, signingKey };
      } catch (error) {
        // Another control plane was faster: its keys are the cluster's.
        if (!(error instanceof AlreadyExistsError)) throw error;
      }
    }
  }
}
