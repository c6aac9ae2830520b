import type { ViewReader } from '../api/view-reader.ts';
import type { AdmissionRequest } from '../api/admission.ts';
import { parseYaml } from '../api/yaml.ts';
import { ObjectDecoder } from '../api/object-decoder.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { Registry } from '../api/registry.ts';
import type { SchemaTable } from '../api/schema.ts';
import type { PodStreams } from '../api/streams.ts';
import type { Clock } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import type { SecureRandom } from '../env/random.ts';
import { ConfigurationError } from '../errors.ts';
import { ApiServer } from './api-server.ts';
import { handleApiSubresource, type SubresourceEnv } from './api-subresources.ts';
import { OpenApi } from './openapi/open-api.ts';
import { AccessControl, mastersGroup } from './auth/access-control.ts';
import { certificateAuthenticator } from './auth/certificate-authenticator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { handleReview, type ReviewEnv } from './auth/review-handler.ts';
import type { ClusterKeys } from './auth/cluster-keys.ts';
import type { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { TokenAuthenticator } from './auth/token-authenticator.ts';
import { defaultLimits } from './connection-guard.ts';
import { requireHostConsent } from './host-risks.ts';
import { makeKubeconfig, writeKubeconfig, type Credential } from './kubeconfig.ts';
import { makeBootstrapPolicy } from './rbac/bootstrap-policy.ts';
import { escalationCheck } from './rbac/escalation-check.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import { PodProxy } from './streams/pod-proxy.ts';
import { handleStreamSubresource } from './streams/stream-subresources.ts';
import { StreamUpgrades } from './streams/stream-upgrades.ts';
import type { UsageSource } from './resource-metrics.ts';
import type { ServeOptions, ServerHandle } from './serve-options.ts';

/** What a cluster lends to its server. */
export interface ServedCluster {
  readonly name: string;
  readonly registry: Registry;
  readonly view: ViewReader;
  readonly kinds: KindIndex;
  readonly schema: SchemaTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly secureRandom: SecureRandom;
  readonly streams: PodStreams;
  readonly usage: UsageSource;
  readonly keys: ClusterKeys;
  readonly tokens: ServiceAccountTokens;
  readonly evict: SubresourceEnv['evict'];
}

const adminName = 'system:admin';
const localNames = ['localhost', '127.0.0.1', '::1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

interface Tls {
  readonly key: string;
  readonly cert: string;
  readonly ca: readonly string[];
  /** What clients should trust. */
  readonly trusted: string | undefined;
}

/** Serves a cluster's API: HTTPS on the loopback with a random token, unless told otherwise. */
export async function serve(cluster: ServedCluster, options: ServeOptions = {}): Promise<ServerHandle> {
  const { auth = {}, host: wantedHost = '127.0.0.1' } = options;
  const token = auth.token ?? options.token ?? Buffer.from(cluster.secureRandom.bytes(32)).toString('base64url');
  if (token === '') throw new ConfigurationError('serve: the token is empty; leave it out for a random one');
  const tls = await tlsOf(cluster, options, wantedHost);
  const admin = { name: adminName, groups: [mastersGroup, 'system:authenticated'], role: 'user' as const };
  const known = new TokenAuthenticator({ ...auth.tokens, [token]: admin });
  const { authorizer, admit } = await authorizationOf(cluster, auth.authorization);
  const access = new AccessControl(
    [known, ...(tls === undefined ? [] : [certificateAuthenticator]), cluster.tokens, ...(auth.authenticators ?? [])],
    authorizer,
  );
  const decoder = new ObjectDecoder(cluster.schema, (apiVersion, kind) => cluster.kinds.byKind(apiVersion, kind) !== undefined);
  const decode: ReviewEnv['decode'] = (kind, object) => decoder.decode(kind, object, { fieldValidation: 'Ignore' });
  const hostConsent = requireHostConsent(new Set(options.allow));
  const closing = new AbortController();
  const upgrades = new StreamUpgrades(cluster);
  const proxy = new PodProxy(cluster);
  const server = new ApiServer({
    registry: cluster.registry,
    kinds: cluster.kinds,
    view: cluster.view,
    usage: cluster.usage,
    clock: cluster.clock,
    logger: cluster.logger,
    access,
    admit: (request) => {
      hostConsent(request);
      admit?.(request);
    },
    reviews: (exchange, kind, path) =>
      handleReview(
        {
          access,
          decode,
          parseYaml,
          reviewToken: async (given, audiences) => known.review(given) ?? cluster.tokens.review(given, audiences),
        },
        exchange,
        kind,
        path,
      ),
    subresources: async (exchange, kind, path) =>
      (await handleApiSubresource({ ...cluster, parseYaml, decode }, exchange, kind, path)) ||
      (await handleStreamSubresource({ ...cluster, closing: closing.signal }, exchange, kind, path)) ||
      proxy.handle(exchange, kind, path),
    upgrade: async (request, socket, head, path) =>
      (await upgrades.handle(request, socket, head, path)) || proxy.upgrade(request, socket, head, path),
    parseYaml,
    schema: cluster.schema,
    openApi: new OpenApi(cluster.kinds, cluster.schema),
    tls,
    limits: { ...defaultLimits, ...options.limits },
  });
  const { host, port } = await server.listen(wantedHost, options.port ?? 0);
  const close = (): Promise<void> => {
    closing.abort();
    return server.close();
  };
  return handleOf(cluster, close, { url: urlOf(tls !== undefined, host, port), token, ca: tls?.trusted });
}

/** Who decides, and what he has to say about writes besides. */
async function authorizationOf(
  cluster: ServedCluster,
  wanted: NonNullable<ServeOptions['auth']>['authorization'] = 'always-allow',
): Promise<{ readonly authorizer: Authorizer | undefined; readonly admit: ((request: AdmissionRequest) => void) | undefined }> {
  if (wanted === 'always-allow') return { authorizer: undefined, admit: undefined };
  if (wanted !== 'rbac') return { authorizer: wanted, admit: undefined };
  await makeBootstrapPolicy(cluster.registry);
  const rbac = new RbacAuthorizer(cluster.view);
  return { authorizer: rbac, admit: escalationCheck(rbac) };
}

function handleOf(
  cluster: ServedCluster,
  close: () => Promise<void>,
  { url, token, ca }: { readonly url: string; readonly token: string; readonly ca: string | undefined },
): ServerHandle {
  const configFor = (user: string, credential: Credential): ServerHandle['kubeconfig'] =>
    makeKubeconfig({ name: cluster.name, url, ca }, user, credential);
  const kubeconfig = configFor(adminName, { token });
  return {
    url,
    token,
    ca,
    kubeconfig,
    writeKubeconfig: (file) => writeKubeconfig(file, kubeconfig),
    clientCertificate: async ({ days, ...subject }) => {
      if (url.startsWith('http:')) throw new ConfigurationError('a client certificate means nothing over plain HTTP: serve with TLS');
      const made = (await cluster.keys.authority()).clientCertificate(subject, days);
      return { ...made, kubeconfig: configFor(subject.commonName, made) };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function tlsOf(cluster: ServedCluster, { tls = true, names = [], auth }: ServeOptions, host: string): Promise<Tls | undefined> {
  if (tls === false) {
    if (auth?.clientCa === undefined) return undefined;
    throw new ConfigurationError('serve: clientCa needs TLS: there are no client certificates over plain HTTP');
  }
  const authority = await cluster.keys.authority();
  const ca = [authority.certificate, ...(auth?.clientCa === undefined ? [] : [auth.clientCa])];
  if (tls !== true) return { key: tls.key, cert: tls.cert, ca, trusted: tls.ca };
  const own = host === '0.0.0.0' || host === '::' ? [] : [host];
  const { key, cert } = authority.serverCertificate([...new Set([...localNames, ...own, ...names])]);
  return { key, cert, ca, trusted: authority.certificate };
}

/** Where clients of this machine find a server that listens on `host`. */
function urlOf(isTls: boolean, host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${isTls ? 'https' : 'http'}://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
