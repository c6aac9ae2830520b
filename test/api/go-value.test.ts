import { describe, expect, test } from 'vitest';
import { FieldErrors } from '../../src/api/field-errors.ts';
import { goValue } from '../../src/api/go-value.ts';

describe('values in messages, as Go writes them', () => {
  test.each([
    ['map[string]string', { b: '2', a: '1' }, 'map[string]string{"a":"1", "b":"2"}'],
    ['map[string]string', undefined, 'map[string]string(nil)'],
    ['[]string', ['x', 'y"z'], '[]string{"x", "y\\"z"}'],
    ['[]core.ResourceQuotaScope', ['BestEffort'], '[]core.ResourceQuotaScope{"BestEffort"}'],
    ['intstr.IntOrString', 3, 'intstr.IntOrString{Type:0, IntVal:3, StrVal:""}'],
    ['intstr.IntOrString', '30%', 'intstr.IntOrString{Type:1, IntVal:0, StrVal:"30%"}'],
    ['apps.DeploymentStrategy', { type: 'X' }, 'apps.DeploymentStrategy{Type:"X", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}'],
    // Go would show an address here.
    ['apps.DeploymentStrategy', { type: 'X', rollingUpdate: {} }, '{"type":"X","rollingUpdate":{}}'],
    [
      'v1.LabelSelector',
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['a'] }] },
      'v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement{v1.LabelSelectorRequirement{Key:"app", Operator:"In", Values:[]string{"a"}}}}',
    ],
    [
      'resource.Quantity',
      '10m',
      'resource.Quantity{i:resource.int64Amount{value:10, scale:-3}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"10m", Format:"DecimalSI"}',
    ],
    [
      'resource.Quantity',
      '1.5',
      'resource.Quantity{i:resource.int64Amount{value:15, scale:-1}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"", Format:"DecimalSI"}',
    ],
    ['resource.Quantity', '1Ki', '"1Ki"'],
  ])('%s', (type, value, text) => {
    expect(goValue(type, value).text).toBe(text);
  });

  test('a field error shows nothing as "null", a list of texts as one, and everything else as JSON', () => {
    const errors = new FieldErrors();
    errors.invalid('a', undefined, 'why');
    errors.invalid('b', ['x'], 'why');
    errors.invalid('c', { d: 1 }, 'why');
    errors.invalid('e', 5, 'why');
    expect(errors.causes.map(({ message }) => message)).toEqual([
      'Invalid value: "null": why',
      'Invalid value: []string{"x"}: why',
      'Invalid value: {"d":1}: why',
      'Invalid value: 5: why',
    ]);
  });
});
