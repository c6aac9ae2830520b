import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatYaml, parseYaml, parseYamlDocuments } from '../../src/api/yaml.ts';
import { ParseError } from '../../src/errors.ts';

test.each<[string, unknown]>([
  ['yes', true],
  ['No', false],
  ['on', true],
  ['OFF', false],
  ['y', true],
  ['n', false],
  ['True', true],
  ['yEs', 'yEs'],
  ['0644', 420],
  ['0o14', 12],
  ['0x1F', 31],
  ['0b11', 3],
  ['1_000', 1000],
  ['-5', -5],
  ['0', 0],
  ['08', 8],
  ['1.5', 1.5],
  ['1.', 1],
  ['.5', 0.5],
  ['1e3', '1e3'],
  ['1e+3', 1000],
  ['1Gi', '1Gi'],
  ['~', null],
  ['null', null],
  ['2001-01-01', '2001-01-01'],
  ['2001-01-01T00:00:00Z', '2001-01-01T00:00:00Z'],
  ['"yes"', 'yes'],
  ["'0644'", '0644'],
  ['1:30', '1:30'],
  ['=', '='],
  ['1.2.3', '1.2.3'],
  ['|\n  a\n  b\n', 'a\nb\n'],
])('%j is read as %j', (text, value) => {
  expect(parseYaml(`a: ${text}`)).toEqual({ a: value });
});

test('keys are strings, as in Kubernetes', () => {
  expect(parseYaml('y: 1\n0644: 2\nname: 3')).toEqual({ true: 1, 420: 2, name: 3 });
});

test('anchors, merge keys and JSON', () => {
  expect(parseYaml('base: &b {x: 1, y2: 2}\nuse: {<<: *b, x: 3}')).toEqual({ base: { x: 1, y2: 2 }, use: { x: 3, y2: 2 } });
  expect(parseYaml('{"a": [1, "b", null, true]}')).toEqual({ a: [1, 'b', null, true] });
});

test('many documents, empty ones left out, with their lines', () => {
  const documents = parseYamlDocuments('# nothing\n---\na: 1\n---\n---\nb: 2\n');
  expect(documents).toEqual([
    { value: { a: 1 }, line: 3, duplicateKeys: [] },
    { value: { b: 2 }, line: 6, duplicateKeys: [] },
  ]);
  expect(() => parseYaml('a: 1\n---\nb: 2')).toThrow('line 3: expected one document, found 2');
  expect(parseYaml('')).toBeNull();
});

test('a key given twice is told, and the last one counts', () => {
  const [document] = parseYamlDocuments('a: 1\nb:\n  c: 1\n  c: 2\n');
  expect(document).toEqual({ value: { a: 1, b: { c: 2 } }, line: 1, duplicateKeys: ['line 4: key "c" already set in map'] });
});

describe('what cannot be read says where', () => {
  test.each([
    ['a: [', /^yaml: line 1, column 5: /],
    ['a: 1\nb: 1\n  c: 2', /^yaml: line 2, column \d+: /],
    ['a: "x', /^yaml: line 1, column \d+: /],
    ['a: *none', /^yaml: /],
  ])('%j', (text, words) => {
    expect(() => parseYaml(text)).toThrow(ParseError);
    expect(() => parseYaml(text)).toThrow(words);
  });
});

describe('hostile input', () => {
  test('an alias bomb does not go off', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array.from({ length: 9 }, () => `*l${i}`).join(',')}]`);
    expect(() => parseYaml(`l0: &l0 [x]\n${levels.join('\n')}`)).toThrow('Excessive alias count');
  });

  test('nesting has an end', () => {
    expect(() => parseYaml('['.repeat(20_000) + ']'.repeat(20_000))).toThrow('yaml: exceeded max depth');
    expect(() => parseYaml('{a: '.repeat(500) + '1' + '}'.repeat(500))).toThrow('yaml: exceeded max depth');
  });

  test('__proto__ is a key like another', () => {
    expect(JSON.stringify(parseYaml('__proto__: {x: 1}'))).toBe('{"__proto__":{"x":1}}');
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

test('what is written is read back', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'yes',
      'no',
      'y',
      'on',
      '0644',
      '1_000',
      '1e3',
      'null',
      '~',
      '',
      '1.0',
      '- a',
      'a: b',
      '#x',
      '2001-01-01',
      '1:30',
      '<<',
      '=',
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (v) => {
      expect(parseYaml(formatYaml({ v }))).toEqual({ v });
    }),
  );
});
