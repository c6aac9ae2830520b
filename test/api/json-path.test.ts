import { describe, expect, test } from 'vitest';
import { JsonPath } from '../../src/api/json-path.ts';
import { ParseError } from '../../src/errors.ts';

const list = {
  kind: 'List',
  items: [
    {
      kind: 'None',
      metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': '127.0.0.1' } },
      status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] },
    },
    {
      kind: 'None',
      metadata: { name: '127.0.0.2' },
      status: {
        capacity: { cpu: '8' },
        addresses: [
          { type: 'LegacyHostIP', address: '127.0.0.2' },
          { type: 'another', address: '127.0.0.3' },
        ],
      },
    },
  ],
  users: [
    { name: 'myself', user: {}, age: 30 },
    { name: 'e2e', user: { username: 'admin', password: 'secret' }, age: 40 },
  ],
};

describe('templates, with the examples of the Kubernetes page', () => {
  test.each([
    ['{.kind}', 'List'],
    ['kind is {.kind}', 'kind is List'],
    ["{['kind']}", 'List'],
    ['{..name}', '127.0.0.1 127.0.0.2 myself e2e'],
    ['{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.users[0].name}', 'myself'],
    ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 {"cpu":"4"} 127.0.0.2 {"cpu":"8"}'],
    ['{.users[?(@.name=="e2e")].user.password}', 'secret'],
    ['{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}', '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] '],
    [String.raw`{.items[0].metadata.labels.kubernetes\.io/hostname}`, '127.0.0.1'],
    [String.raw`{.items[0].metadata.labels['kubernetes\.io/hostname']}`, '127.0.0.1'],
    [String.raw`{range .users[*]}{.name}{"\t"}{.age}{"\n"}{end}`, 'myself\t30\ne2e\t40\n'],
    ['{@}', JSON.stringify(list)],
    ['{range .items[*]}{range .status.addresses[*]}{.address}/{$.kind} {end}{end}', '127.0.0.1/List 127.0.0.2/List 127.0.0.3/List '],
    ['{.nothing.here}', ''],
    ['plain', ''],
  ])('%s', (template, text) => {
    if (template === 'plain') expect(() => JsonPath.template(template)).toThrow(ParseError);
    else expect(JsonPath.template(template).text(list)).toBe(text);
  });
});

describe('paths', () => {
  const data = { a: [0, 1, 2, 3, 4], m: { x: 1, y: { z: 2 } }, 'a.b': 5, s: [{ n: 'a', v: 1 }, { n: 'b', v: 2 }, { n: 'c' }] };

  test.each<[string, readonly unknown[]]>([
    ['.a[0]', [0]],
    ['.a[-1]', [4]],
    ['.a[9]', []],
    ['.a[1:3]', [1, 2]],
    ['.a[:2]', [0, 1]],
    ['.a[-2:]', [3, 4]],
    ['.a[0:5:2]', [0, 2, 4]],
    ['.a[0,2]', [0, 2]],
    ['.a[*]', data.a],
    ['.m.*', [1, { z: 2 }]],
    ['.m..z', [2]],
    [String.raw`.a\.b`, [5]],
    ['.', [data]],
    ['$.m.x', [1]],
    ['.s[?(@.v>1)].n', ['b']],
    ['.s[?(@.v>=1)].n', ['a', 'b']],
    ['.s[?(@.v<2)].n', ['a']],
    ['.s[?(@.v<=1)].n', ['a']],
    ['.s[?(@.v!=1)].n', ['b']],
    ['.s[?(@.v)].n', ['a', 'b']],
    [".s[?(@.n=='c')]", [{ n: 'c' }]],
    ['.s[?(@.v==$.m.x)].n', ['a']],
    ['.s[?(@.n>"a")].n', ['b', 'c']],
    ['.s[?(@.n>1)].n', []],
    ['.m.constructor', []],
    ['.a.b', []],
  ])('%s', (path, found) => {
    expect(JsonPath.path(path.replace(/^\$/, '')).find(data)).toEqual(found);
  });
});

test.each([
  ['{.a', 'unclosed action'],
  ['{.a[}', 'an index, a slice'],
  ['{range .a}x', 'expected {end}'],
  ['{end}', 'no {end} without a {range}'],
  ['{.a[0:1:0]}', 'step must be > 0'],
  ['{"x}', 'unterminated quoted string'],
  ['{.a[?(@.b==)]}', 'expected a path'],
  ['{foo}', 'expected a path'],
  ['{..}', 'a field name'],
  [`{${'.a'.repeat(6000)}}`, 'longer than'],
  ['{range .a}'.repeat(60), 'nested too deep'],
  [`{.a${'[?(@.a'.repeat(60)}}`, 'nested too deep'],
])('%s is refused', (template, words) => {
  expect(() => JsonPath.template(template)).toThrow(ParseError);
  expect(() => JsonPath.template(template)).toThrow(words);
});
