import { admissionSteps } from './admission/admission-steps.ts';
import { QuotaAdmission } from './admission/quota-admission.ts';
import { ServiceAllocation } from './admission/service-allocation.ts';
import { AdmissionChain } from './api/admission-chain.ts';
import { FieldOwnership } from './api/field-ownership.ts';
import type { KindIndex } from './api/kind-index.ts';
import { ObjectDecoder } from './api/object-decoder.ts';
import { ObjectPatcher } from './api/object-patcher.ts';
import { Registry } from './api/registry.ts';
import { SchemaTable } from './api/schema.ts';
import type { View } from './api/view.ts';
import type { ClusterLeadership } from './cluster-leadership.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { builtInControllers, selectControllers } from './controllers/built-in-controllers.ts';
import type { Clock } from './env/clock.ts';
import { CountingSliceMeter } from './env/counting-slice-meter.ts';
import type { Logger } from './env/logger.ts';
import type { Random } from './env/random.ts';
import { SystemSliceMeter } from './env/system-clock.ts';
import { eventKind } from './kinds/event.ts';
import { podKind } from './kinds/pod.ts';
import { EventRecorder } from './loop/event-recorder.ts';
import { Loop, type ComponentFailure } from './loop/loop.ts';
import { PlanWriter } from './loop/plan-writer.ts';
import { DefaultScheduler } from './scheduler/default-scheduler.ts';
import type { Revision, Store } from './stores/store.ts';

interface MachineNeeds {
  readonly store: Store;
  readonly view: View;
  readonly kinds: KindIndex;
  readonly clock: Clock;
  readonly random: Random;
  /** Chance for uids and generated names. */
  readonly names: () => Random;
  /** Who leads, and what writes of controllers are bound to. */
  readonly leadership: Pick<ClusterLeadership, 'leads' | 'fence' | 'fenced'>;
  /** Waits until the view has come to a revision. */
  readonly caughtUp: (revision: Revision) => Promise<unknown>;
  readonly logger: Logger;
  /** Told of what a controller, scheduler or participant could not do. */
  readonly onFailure: (failure: ComponentFailure) => void;
}

/** The parts of a control plane, made from the options of a cluster and put together. */
export interface ClusterMachine {
  readonly schema: SchemaTable;
  readonly decoder: ObjectDecoder;
  readonly registry: Registry;
  readonly services: ServiceAllocation;
  readonly loop: Loop;
  readonly recorder: EventRecorder;
}

/** Makes a control plane. Nothing of it does anything yet. */
export function makeClusterMachine(options: ClusterOptions, needs: MachineNeeds): ClusterMachine {
  const { store, random } = needs;
  const services = new ServiceAllocation(store, random.fork('services'), {
    serviceCidr: options.serviceCidr ?? '127.96.0.0/16',
    nodePorts: options.nodePorts ?? { from: 30_000, to: 32_767 },
  });
  const schema = new SchemaTable();
  const decoder = new ObjectDecoder(schema, (apiVersion, kind) => needs.kinds.byKind(apiVersion, kind) !== undefined);
  const registry = registryOf(options, needs, services, schema, decoder);
  const limits = options.events === undefined ? {} : { limits: options.events };
  const recorder = new EventRecorder({ registry, view: needs.view, kind: eventKind, clock: needs.clock, ...limits });
  return { schema, decoder, registry, services, recorder, loop: loopOf(options, needs, registry, recorder) };
}

function registryOf(
  options: ClusterOptions,
  { store, view, clock, names, leadership, caughtUp }: MachineNeeds,
  services: ServiceAllocation,
  schema: SchemaTable,
  decoder: ObjectDecoder,
): Registry {
  const ownership = new FieldOwnership({ table: schema, clock, structure: (kind) => decoder.structure(kind) });
  const patcher = new ObjectPatcher(schema, ownership);
  const quotas = new QuotaAdmission({ registry: () => registry, view, clock });
  const registry: Registry = new Registry({
    store,
    view,
    clock,
    random: names,
    decode: (kind, raw, write) => decoder.decode(kind, raw, write),
    patch: (kind, old, patch, write) => patcher.apply(kind, old, patch, write),
    track: (kind, old, next, write) => ownership.track(kind, old, next, write),
    admission: new AdmissionChain([...admissionSteps({ services, quotas }), ...(options.admission ?? [])]),
    fence: () => leadership.fence(),
    onFenced: (fence) => leadership.fenced(fence),
    ...(store.shared ? { caughtUp } : {}),
  });
  return registry;
}

function loopOf(
  options: ClusterOptions,
  { view, clock, kinds, logger, leadership, onFailure }: MachineNeeds,
  registry: Registry,
  recorder: EventRecorder,
): Loop {
  const builtIn = builtInControllers({
    kinds,
    nodeGracePeriodMs: options.nodeHealth?.gracePeriodMs,
    loadBalancerAddresses: options.loadBalancerAddresses,
    autoscalerSyncPeriodMs: options.metrics?.syncPeriodMs,
  });
  return new Loop({
    view,
    clock,
    // Under a ManualClock slices are counted, not timed: where a pass yields must not depend on the machine.
    meter: clock.virtual ? new CountingSliceMeter() : new SystemSliceMeter(),
    logger,
    onFailure,
    writer: new PlanWriter(registry, view, podKind),
    controllers: [...selectControllers(options.controllers ?? 'all', builtIn), ...(options.extraControllers ?? [])],
    schedulers: [
      ...(options.scheduler === 'none' ? [] : [options.scheduler ?? new DefaultScheduler()]),
      ...(options.extraSchedulers ?? []),
    ],
    record: (component, events) => recorder.record(component, events),
    flushEvents: (breathe) => recorder.flush(breathe),
    leads: () => leadership.leads(),
  });
}
