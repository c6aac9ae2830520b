/** A subresource that is no part of a kind's description. */
export interface ExtraSubresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  /** The model of what is posted and answered, where that is one object. */
  readonly payload?: string;
}

const readAndWrite = ['get', 'patch', 'update'];
const proxied = ['create', 'delete', 'get', 'patch', 'update'];

/** Subresources of the core kinds besides status and scale. */
export const extraSubresources: Readonly<Record<string, readonly ExtraSubresource[]>> = {
  pods: [
    { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
    { name: 'binding', kind: 'Binding', verbs: ['create'], payload: 'Binding' },
    { name: 'ephemeralcontainers', kind: 'Pod', verbs: readAndWrite },
    { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'], payload: 'Eviction' },
    { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    { name: 'proxy', kind: 'PodProxyOptions', verbs: proxied },
  ],
  services: [{ name: 'proxy', kind: 'ServiceProxyOptions', verbs: proxied }],
  nodes: [{ name: 'proxy', kind: 'NodeProxyOptions', verbs: proxied }],
  namespaces: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  serviceaccounts: [
    {
      name: 'token',
      kind: 'TokenRequest',
      group: 'authentication.k8s.io',
      version: 'v1',
      verbs: ['create'],
      payload: 'TokenRequest',
    },
  ],
};
