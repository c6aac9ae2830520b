export { ClusterNameServer } from './cluster-name-server.ts';
export type { ClusterNameServerOptions } from './cluster-name-server.ts';
export type { NameServer, NameServerAddress, NameServerCounters } from './name-server.ts';
