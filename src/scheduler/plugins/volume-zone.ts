import type { NodeInfo } from '../node-info.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { claimsOf, isBound, mayUse, volumeOf } from '../pod-claims.ts';

const name = 'VolumeZone';
const refusal: Refusal = Object.freeze({ plugin: name, reasons: ['node(s) had no available volume zone'], resolvable: false });

const zoneKeys = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
];

/** A label of a volume, and the values (`a__b`) a node may have for it. */
type ZoneRule = readonly [key: string, values: ReadonlySet<string>];

/** Sends a pod into the zone its bound volumes are labelled with. Nodes without any such label are in every zone. */
export function volumeZone(): SchedulerPlugin<readonly ZoneRule[]> {
  return {
    name,
    preFilter: (pod, { objects }) => {
      const rules = claimsOf(pod, objects).flatMap(({ claim }) => {
        const labels = claim === undefined || !isBound(claim) ? undefined : volumeOf(claim, objects)?.metadata.labels;
        return zoneKeys.flatMap((key): ZoneRule[] => (labels?.[key] === undefined ? [] : [[key, new Set(labels[key].split('__'))]]));
      });
      return rules.length === 0 ? { skip: true } : { state: rules };
    },
    filter: (_pod, node, rules) => (rules.every((rule) => inZone(node, rule)) ? undefined : refusal),
    isSchedulableAfter: (event, pod) => {
      if (event.type === 'node-added' || event.type === 'node-updated') return true;
      if (event.type !== 'object') return false;
      const { object } = event.change;
      return object.kind === 'PersistentVolume' || (object.kind === 'PersistentVolumeClaim' && mayUse(pod, object));
    },
  };
}

/** The old label counts for the new one and the other way round. */
function inZone({ labels }: NodeInfo, [key, values]: ZoneRule): boolean {
  if (zoneKeys.every((zoneKey) => labels[zoneKey] === undefined)) return true;
  const twin = key.startsWith('failure-domain.beta.')
    ? key.replace('failure-domain.beta.kubernetes.io', 'topology.kubernetes.io')
    : key.replace('topology.kubernetes.io', 'failure-domain.beta.kubernetes.io');
  return values.has(labels[key] ?? labels[twin] ?? '');
}
