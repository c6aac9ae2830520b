import { describe, expect, it } from 'vitest';
import { protocolMode } from '../../src/proxy/protocol-mode.ts';

describe('protocolMode', () => {
  it.each([
    [{ port: 80 }, undefined, 'tcp'],
    [{ port: 80, appProtocol: 'http' }, undefined, 'http'],
    [{ port: 80, appProtocol: 'HTTP' }, undefined, 'http'],
    [{ port: 80, appProtocol: 'kubernetes.io/ws' }, undefined, 'http'],
    [{ port: 80, appProtocol: 'kubernetes.io/wss' }, undefined, 'tcp'],
    [{ port: 80, appProtocol: 'kubernetes.io/h2c' }, undefined, 'tcp'],
    [{ port: 80, appProtocol: 'https' }, undefined, 'tcp'],
    [{ port: 80, name: 'http' }, undefined, 'http'],
    [{ port: 80, name: 'http-admin' }, undefined, 'http'],
    [{ port: 80, name: 'https' }, undefined, 'tcp'],
    [{ port: 80, name: 'http', appProtocol: 'mysql' }, undefined, 'tcp'],
    [{ port: 53, protocol: 'UDP', appProtocol: 'http' }, 'http', 'udp'],
    [{ port: 80 }, 'http', 'http'],
    [{ port: 80, appProtocol: 'http' }, 'auto', 'auto'],
    [{ port: 80, appProtocol: 'http' }, 'tcp', 'tcp'],
    [{ port: 80, name: 'web' }, 'web=http, db=tcp', 'http'],
    [{ port: 80, name: 'db', appProtocol: 'http' }, 'web=http,db=tcp', 'tcp'],
    [{ port: 80, name: 'other' }, 'web=http,db=tcp', 'tcp'],
    [{ port: 80 }, 'gopher', 'tcp'],
  ] as const)('%j with the annotation %s is carried as %s', (port, annotation, mode) => {
    expect(protocolMode(port, annotation, 'tcp')).toBe(mode);
  });

  it('takes the default for what says nothing', () => {
    expect(protocolMode({ port: 80 }, undefined, 'http')).toBe('http');
    expect(protocolMode({ port: 80, appProtocol: 'redis' }, undefined, 'http')).toBe('tcp');
  });
});
