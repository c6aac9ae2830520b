export type { Balancer, BackendLoad, BalancingPolicy } from './balancer.ts';
export type { UserspaceServiceProxyOptions } from './userspace-options.ts';
export { UserspaceServiceProxy } from './userspace-service-proxy.ts';
