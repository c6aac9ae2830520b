import type { AdmissionStep } from '../api/admission.ts';
import { forbidden } from '../api/status-errors.ts';
import { podKind } from '../kinds/pod.ts';
import { priorityClassKind } from '../kinds/priority-class.ts';
import { podSpecStep } from './pod-spec-step.ts';

/**
 * Gives Pods the priority of their PriorityClass, or of the one that is the default.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export const priority = (): AdmissionStep =>
  podSpecStep(
    'Priority',
    (spec, { view, object }) => {
      const classes = view.list(priorityClassKind);
      const named = (spec.priorityClassName ?? '') !== '';
      const chosen = named
        ? classes.find((each) => each.metadata.name === spec.priorityClassName)
        : classes.filter((each) => each.globalDefault === true).sort((a, b) => a.value - b.value)[0];
      if (named && chosen === undefined)
        throw forbidden(podKind, object.metadata?.name ?? '', `no PriorityClass with name ${spec.priorityClassName} was found`);
      const value = chosen?.value ?? 0;
      const preemptionPolicy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
      if (spec.priority !== undefined && spec.priority !== value) {
        throw forbidden(
          podKind,
          object.metadata?.name ?? '',
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        );
      }
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
        throw forbidden(
          podKind,
          object.metadata?.name ?? '',
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
        );
      }
      return {
        ...spec,
        priority: value,
        preemptionPolicy,
        ...(chosen === undefined || named ? {} : { priorityClassName: chosen.metadata.name }),
      };
    },
    (spec, old) => {
      const priority = spec.priority ?? old.priority;
      const preemptionPolicy = spec.preemptionPolicy ?? old.preemptionPolicy;
      if (priority === spec.priority && preemptionPolicy === spec.preemptionPolicy) return spec;
      return {
        ...spec,
        ...(priority === undefined ? {} : { priority }),
        ...(preemptionPolicy === undefined ? {} : { preemptionPolicy }),
      };
    },
    // The list is another object as soon as a class changes.
    ({ view }) =>
      view
        .list(priorityClassKind)
        .map((each) => `${each.metadata.name}=${each.metadata.resourceVersion}`)
        .join(),
  );
