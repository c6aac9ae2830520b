import type { Draft } from '../../api/kind.ts';
import type {
  Container,
  EnvVar,
  EphemeralContainer,
  HTTPGetAction,
  LifecycleHandler,
  Probe,
  ResourceRequirements,
} from '../../api/generated/models.ts';
import { defaultImagePullPolicy } from './image-pull-policy.ts';

function defaultHttpGet(action: Draft<HTTPGetAction>): void {
  if (action.path === undefined || action.path === '') action.path = '/';
  if (action.scheme === undefined || action.scheme === '') action.scheme = 'HTTP';
}

function defaultProbe(probe: Draft<Probe> | undefined): void {
  if (probe === undefined || Object.isFrozen(probe)) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet !== undefined) defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function defaultHandler(handler: Draft<LifecycleHandler> | undefined): void {
  if (handler?.httpGet !== undefined && !Object.isFrozen(handler.httpGet)) defaultHttpGet(handler.httpGet);
}

function defaultEnv(variable: Draft<EnvVar>): void {
  if (Object.isFrozen(variable)) return;
  const source = variable.valueFrom;
  if (source?.fieldRef !== undefined) source.fieldRef.apiVersion ||= 'v1';
  if (source?.resourceFieldRef !== undefined) source.resourceFieldRef.divisor ??= '0';
}

/** The defaults of a container, of whichever sort; a frozen container has them already. */
export function defaultContainer(container: Draft<Container> | Draft<EphemeralContainer>): void {
  if (Object.isFrozen(container)) return;
  container.resources ??= {} as Draft<ResourceRequirements>;
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.imagePullPolicy ||= defaultImagePullPolicy(container.image);
  for (const port of container.ports ?? []) if (!Object.isFrozen(port)) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) defaultEnv(variable);
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHandler(container.lifecycle?.postStart);
  defaultHandler(container.lifecycle?.preStop);
}
