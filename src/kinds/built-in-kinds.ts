import type { KindDescriptor } from '../api/kind.ts';
import { configMapKind } from './config-map.ts';
import { endpointSliceKind } from './endpoint-slice.ts';
import { endpointsKind } from './endpoints.ts';
import { eventKind } from './event.ts';
import { leaseKind } from './lease.ts';
import { namespaceKind } from './namespace.ts';
import { nodeKind } from './node.ts';
import { podKind } from './pod.ts';
import { priorityClassKind } from './priority-class.ts';
import { replicationControllerKind } from './replication-controller.ts';
import { secretKind } from './secret.ts';
import { serviceAccountKind } from './service-account.ts';
import { serviceKind } from './service.ts';

/** Every kind a cluster knows from the start. The registry is handed this list, and a host may hand it more. */
export const builtInKinds: readonly KindDescriptor[] = [
  namespaceKind,
  nodeKind,
  podKind,
  replicationControllerKind,
  serviceKind,
  endpointsKind,
  eventKind,
  configMapKind,
  secretKind,
  serviceAccountKind,
  endpointSliceKind,
  leaseKind,
  priorityClassKind,
];
