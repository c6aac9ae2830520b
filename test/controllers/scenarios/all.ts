import type { ControllerScenario } from '../../../src/testing/controller-suite/controller-scenario.ts';
import { cronJobScenarios, jobScenarios } from './batch-scenarios.ts';
import { clusterScenarios } from './cluster-scenarios.ts';
import { deploymentScenarios } from './deployment-scenarios.ts';
import { fillingScenarios, nodeScenarios } from './node-scenarios.ts';
import { autoscalerScenarios, disruptionScenarios, quotaScenarios, volumeScenarios } from './policy-scenarios.ts';
import { replicaScenarios } from './replica-scenarios.ts';
import { daemonSetScenarios, statefulSetScenarios } from './set-scenarios.ts';

/** Every story the control loops of the package are put through; `npm run soak:plans` tries each fault at each write of each. */
export const allScenarios: readonly ControllerScenario[] = [
  ...replicaScenarios,
  ...deploymentScenarios,
  ...daemonSetScenarios,
  ...statefulSetScenarios,
  ...jobScenarios,
  ...cronJobScenarios,
  ...disruptionScenarios,
  ...quotaScenarios,
  ...volumeScenarios,
  ...autoscalerScenarios,
  ...clusterScenarios,
  ...nodeScenarios,
  ...fillingScenarios,
];
