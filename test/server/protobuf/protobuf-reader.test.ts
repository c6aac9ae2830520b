import { expect, test } from 'vitest';
import { SchemaTable } from '../../../src/api/schema.ts';
import { deploymentKind } from '../../../src/kinds/deployment.ts';
import { podKind } from '../../../src/kinds/pod.ts';
import { ProtobufReader } from '../../../src/server/protobuf/protobuf-reader.ts';
import { WireWriter } from '../../../src/server/protobuf/wire-writer.ts';

const reader = (): ProtobufReader => new ProtobufReader(new SchemaTable());

const message = (): WireWriter => new WireWriter();

function envelope(apiVersion: string, kind: string, raw: WireWriter): Buffer {
  const unknown = message().bytes(1, message().bytes(1, apiVersion).bytes(2, kind)).bytes(2, raw);
  return Buffer.concat([Buffer.from('k8s\0', 'latin1'), unknown.finish()]);
}

/** What `kubectl create deployment web --image=nginx` of kubectl 1.33 sends. */
const sentByKubectl = `
  6b387300 0a150a07 61707073 2f763112 0a446570 6c6f796d 656e7412 ab010a1f
  0a037765 6212001a 0022002a 00320038 0042005a 0a0a0361 70701203 77656212
  7a080112 0c0a0a0a 03617070 12037765 621a600a 1c0a0012 001a0022 002a0032
  00380042 005a0a0a 03617070 12037765 62124012 220a056e 67696e78 12056e67
  696e782a 0042006a 00720080 01008801 00900100 a201001a 00320042 004a0052
  00580060 00680082 01008a01 009a0100 c2010022 020a0028 0038001a 0c080010
  00180020 00280038 001a0022 00`;

test('reads what kubectl 1.33 sends', () => {
  const body = Buffer.from(sentByKubectl.replaceAll(/\s/g, ''), 'hex');
  expect(reader().read(body, deploymentKind)).toMatchObject({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } },
    },
  });
});

test('fields of a message that Go embeds stand in the message around it', () => {
  const claim = message().bytes(1, 'data');
  const volume = message().bytes(1, 'v').bytes(2, message().bytes(10, claim));
  const probe = message().bytes(1, message().bytes(2, message().bytes(1, '/ready').bytes(2, message().flag(1, true).bytes(3, 'http'))));
  const container = message().bytes(1, 'c').bytes(11, probe);
  const pod = message().bytes(2, message().bytes(1, volume).bytes(2, container));
  expect(reader().read(envelope('v1', 'Pod', pod), podKind)).toMatchObject({
    spec: {
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
      containers: [{ name: 'c', readinessProbe: { httpGet: { path: '/ready', port: 'http' } } }],
    },
  });
});

test('an object of another kind is read as what it says it is', () => {
  const eviction = message().bytes(1, message().bytes(1, 'p').bytes(3, 'ns'));
  expect(reader().read(envelope('policy/v1', 'Eviction', eviction), podKind)).toEqual({
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'p', namespace: 'ns' },
  });
});

test('what is no message is refused', () => {
  expect(() => reader().read(Buffer.from('{}'), podKind)).toThrow('does not appear to be a protobuf message');
  expect(() => reader().read(Buffer.from('k8s\0\x0a\xff\x01', 'latin1'), podKind)).toThrow('unexpected EOF');
  expect(() => reader().read(envelope('v1', '__proto__', message()), podKind)).toThrow('no protobuf encoding');
  const label = message().bytes(11, message().bytes(1, '__proto__').bytes(2, 'x'));
  const read = reader().read(envelope('v1', 'Pod', message().bytes(1, label)), podKind) as {
    readonly metadata: { readonly labels: object };
  };
  expect(Object.getPrototypeOf(read.metadata.labels)).toBe(Object.prototype);
  expect(Object.keys(read.metadata.labels)).toEqual(['__proto__']);
});
