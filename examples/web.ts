import { fileURLToPath } from 'node:url';
import type { ReplicationControllerManifest } from 'coxswain';
import type { ProcessImage } from 'coxswain/runtimes/process';

const command = [process.execPath, fileURLToPath(new URL('programs/web.mjs', import.meta.url))] as const;

/** Two versions of a web server, as images of the process runtime: real processes of this machine. */
export const images: Readonly<Record<string, ProcessImage>> = {
  'web:1': { command, env: { VERSION: '1' } },
  'web:2': { command, env: { VERSION: '2' } },
};

/** So many replicas of a version. They leave a node that is lost at once instead of after five minutes, so that a demo can show it. */
export function web(version: string, replicas: number): ReplicationControllerManifest {
  const labels = { app: 'web', version };
  const leaveAtOnce = ['not-ready', 'unreachable'].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 0,
  }));
  const container = {
    name: 'web',
    image: `web:${version}`,
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  };
  return {
    metadata: { name: `web-${version}`, namespace: 'default' },
    spec: { replicas, selector: labels, template: { metadata: { labels }, spec: { tolerations: leaveAtOnce, containers: [container] } } },
  };
}
