/*
 * What `kubectl explain` says of kinds and of the fields that nearly every manifest has, in few words of our own. Most fields have
 * their name, type and nothing else: Kubernetes' reference says what they mean.
 */

const models: Readonly<Record<string, string>> = {
  CSINode: 'The storage drivers of a node.',
  ConfigMap: 'Configuration as text and bytes, for Pods to read.',
  Container: 'One program of a Pod, run from an image.',
  ControllerRevision: 'A state of a workload that can be gone back to.',
  CronJob: 'Makes Jobs at the times of a schedule.',
  CustomResourceDefinition: "Makes a kind of the user's own known to the API.",
  DaemonSet: 'Keeps one Pod on every node that matches.',
  Deployment: 'Keeps a number of Pods running and replaces them step by step when their template changes.',
  EndpointSlice: 'Some of the addresses behind a Service.',
  Endpoints: 'The addresses behind a Service, in the older form.',
  Event: 'Something that happened to an object.',
  EventsEvent: 'Something that happened to an object.',
  HorizontalPodAutoscaler: 'Scales a workload by its use of CPU.',
  Ingress: 'Routes HTTP requests to Services by host and path.',
  IngressClass: 'Says which controller serves an Ingress.',
  Job: 'Runs Pods until so many of them have succeeded.',
  Lease: 'Says who holds something, and until when.',
  LimitRange: 'Defaults and bounds for what Pods of a namespace ask for.',
  Namespace: 'A space of names for objects.',
  NetworkPolicy: 'Says which traffic Pods take and send.',
  Node: 'A machine that Pods run on.',
  ObjectMeta: 'What every object has: its name, labels, annotations, owners and history.',
  PersistentVolume: 'Storage that outlives Pods.',
  PersistentVolumeClaim: 'Asks for a PersistentVolume.',
  Pod: 'Containers that run together on one node.',
  PodDisruptionBudget: 'How many Pods of an application must stay when some are evicted.',
  PodTemplate: 'A template for Pods.',
  PriorityClass: 'A priority for Pods, by name.',
  ReplicaSet: 'Keeps a number of equal Pods running.',
  ReplicationController: 'Keeps a number of equal Pods running.',
  ResourceQuota: 'Bounds what all objects of a namespace ask for together.',
  Role: 'Permissions within a namespace.',
  RoleBinding: 'Gives the permissions of a role to users, groups and service accounts within a namespace.',
  ClusterRole: 'Permissions in the whole cluster.',
  ClusterRoleBinding: 'Gives the permissions of a role to users, groups and service accounts in the whole cluster.',
  RuntimeClass: 'What the Pods that name it are run by.',
  Secret: 'Confidential data for Pods to read.',
  Service: 'One stable address for Pods that are chosen by labels.',
  ServiceAccount: 'An identity for what runs in Pods.',
  StatefulSet: 'Keeps Pods with stable names and storage, in order.',
  StorageClass: 'A kind of storage that claims can ask for.',
  V2HorizontalPodAutoscaler: 'Scales a workload by metrics.',
};

const everywhere: Readonly<Record<string, string>> = {
  apiVersion: 'The group and version of the API that the object is written in, such as apps/v1.',
  kind: 'The kind of the object, such as Pod.',
  metadata: 'Name, namespace, labels, annotations and the like.',
};

const ofKinds: Readonly<Record<string, string>> = {
  spec: 'What is wanted.',
  status: 'What was last seen. Written by the cluster.',
};

const fields: Readonly<Record<string, string>> = {
  'Container.args': "Arguments of the command; the image's own if there are none.",
  'Container.command': "The program and its first arguments; the image's entry point if there is none.",
  'Container.env': 'Environment variables.',
  'Container.image': 'The image to run.',
  'Container.name': 'The name of the container, a DNS label, unique in the Pod.',
  'Container.ports': 'Ports that the program listens on.',
  'Container.resources': 'CPU, memory and other resources that are asked for, and their limits.',
  'DeploymentSpec.replicas': 'How many Pods are wanted; 1 by default.',
  'DeploymentSpec.selector': 'The labels of the Pods that belong here. Cannot be changed.',
  'DeploymentSpec.strategy': 'How old Pods are replaced by new ones.',
  'DeploymentSpec.template': 'The Pods to make.',
  'ObjectMeta.annotations': 'Notes for programs and people, by key.',
  'ObjectMeta.labels': 'Labels to select the object by.',
  'ObjectMeta.name': 'The name of the object, unique in its namespace.',
  'ObjectMeta.namespace': 'The namespace of the object.',
  'PodSpec.containers': 'The containers of the Pod: at least one.',
  'PodSpec.initContainers': 'Containers that run to their end, one by one, before the others start.',
  'PodSpec.nodeName': 'The node on which the Pod runs.',
  'PodSpec.restartPolicy': 'Always, OnFailure or Never; Always by default.',
  'PodSpec.volumes': 'Volumes that containers of the Pod can mount.',
  'ServiceSpec.ports': 'The ports of the Service.',
  'ServiceSpec.selector': 'The labels of the Pods behind the Service.',
  'ServiceSpec.type': 'ClusterIP, NodePort, LoadBalancer or ExternalName; ClusterIP by default.',
};

/** '' if there is nothing to say. */
export function describeModel(model: string): string {
  return models[model] ?? '';
}

/** '' if there is nothing to say. */
export function describeField(model: string, field: string): string {
  const known = fields[`${model}.${field}`] ?? (model === '' || models[model] !== undefined ? everywhere[field] : undefined);
  return known ?? (models[model] !== undefined && model !== 'ObjectMeta' ? (ofKinds[field] ?? '') : '');
}
