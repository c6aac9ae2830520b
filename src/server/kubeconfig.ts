import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import type { CertifiedKey } from './tls/certificate-authority.ts';

/** A kubeconfig with one cluster, one user and one context, as kubectl and the client libraries read it. */
export interface Kubeconfig {
  readonly apiVersion: 'v1';
  readonly kind: 'Config';
  readonly 'current-context': string;
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data'?: string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: KubeconfigUser }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string; readonly namespace?: string };
  }[];
}

export interface KubeconfigUser {
  readonly token?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key-data'?: string;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** What shows who one is: a token, or a certificate with its key. */
export type Credential = { readonly token: string } | CertifiedKey;

export function makeKubeconfig(
  cluster: { readonly name: string; readonly url: string; readonly ca: string | undefined },
  userName: string,
  credential: Credential,
): Kubeconfig {
  const { name, url, ca } = cluster;
  const user: KubeconfigUser =
    'token' in credential
      ? { token: credential.token }
      : { 'client-certificate-data': base64(credential.cert), 'client-key-data': base64(credential.key) };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url, ...(ca === undefined ? {} : { 'certificate-authority-data': base64(ca) }) } }],
    users: [{ name: userName, user }],
    contexts: [{ name, context: { cluster: name, user: userName } }],
  };
}

/** Writes a kubeconfig that only its owner can read (0600), also where a file with other rights stood. */
export async function writeKubeconfig(file: string, config: Kubeconfig): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '', { mode: 0o600 });
  // The mode above counts for new files only; nothing secret is in it yet.
  await chmod(file, 0o600);
  await writeFile(file, stringify(config), { mode: 0o600 });
}
