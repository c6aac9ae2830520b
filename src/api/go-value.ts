import { Quantity } from './quantity.ts';
import { isJsonObject, ownValue } from './json-values.ts';

/*
 * Kubernetes shows a value that is neither text nor number as Go writes it (`%#v`): `map[string]string{"app":"a"}`. Tools and people
 * compare those messages, so they are written the same way here. What Go would show as an address in memory stays JSON.
 */

/** Field of the struct, its name in JSON, its type. Named text types are `string`. */
type GoField = readonly [go: string, json: string, type: string];

const structs: Readonly<Record<string, readonly GoField[]>> = {
  'v1.LabelSelector': [
    ['MatchLabels', 'matchLabels', 'map[string]string'],
    ['MatchExpressions', 'matchExpressions', '[]v1.LabelSelectorRequirement'],
  ],
  'v1.LabelSelectorRequirement': [
    ['Key', 'key', 'string'],
    ['Operator', 'operator', 'string'],
    ['Values', 'values', '[]string'],
  ],
  'rbac.RoleRef': [
    ['APIGroup', 'apiGroup', 'string'],
    ['Kind', 'kind', 'string'],
    ['Name', 'name', 'string'],
  ],
  'apps.DeploymentStrategy': [
    ['Type', 'type', 'string'],
    ['RollingUpdate', 'rollingUpdate', '*apps.RollingUpdateDeployment'],
  ],
  'apps.DaemonSetUpdateStrategy': [
    ['Type', 'type', 'string'],
    ['RollingUpdate', 'rollingUpdate', '*apps.RollingUpdateDaemonSet'],
  ],
  'apps.StatefulSetUpdateStrategy': [
    ['Type', 'type', 'string'],
    ['RollingUpdate', 'rollingUpdate', '*apps.RollingUpdateStatefulSetStrategy'],
  ],
  'apps.RollingUpdateStatefulSetStrategy': [
    ['Partition', 'partition', 'int32'],
    ['MaxUnavailable', 'maxUnavailable', '*intstr.IntOrString'],
  ],
  'core.Toleration': [
    ['Key', 'key', 'string'],
    ['Operator', 'operator', 'string'],
    ['Value', 'value', 'string'],
    ['Effect', 'effect', 'string'],
    ['TolerationSeconds', 'tolerationSeconds', '*int64'],
  ],
};

/** A value of a field error, already written as it is to be shown. */
export class GoValue {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The value as Go would write one of that type: `map[string]string`, `[]string`, `intstr.IntOrString`, `resource.Quantity`, or a struct
 * of those above; as JSON if Go would write an address.
 */
export function goValue(type: string, value: unknown): GoValue {
  return new GoValue(written(type, value) ?? JSON.stringify(value) ?? 'null');
}

function written(type: string, value: unknown): string | undefined {
  if (type.startsWith('*')) return value === undefined || value === null ? `(${type})(nil)` : undefined;
  if (type.startsWith('[]')) return writtenList(type, value);
  if (type === 'map[string]string') return writtenMap(type, value);
  if (type === 'string') return JSON.stringify(value ?? '');
  if (type === 'intstr.IntOrString') return writtenIntOrString(value ?? 0);
  if (type === 'resource.Quantity') return writtenQuantity(String(value));
  const fields = structs[type];
  if (fields !== undefined) return writtenStruct(type, fields, value);
  return typeof value === 'string' ? JSON.stringify(value) : String(value ?? 0);
}

function writtenStruct(type: string, fields: readonly GoField[], value: unknown): string | undefined {
  const parts: string[] = [];
  for (const [go, json, fieldType] of fields) {
    const part = written(fieldType, isJsonObject(value) ? ownValue(value, json) : undefined);
    if (part === undefined) return undefined;
    parts.push(`${go}:${part}`);
  }
  return `${type}{${parts.join(', ')}}`;
}

function writtenList(type: string, value: unknown): string | undefined {
  if (!Array.isArray(value)) return `${type}(nil)`;
  const elements: string[] = [];
  for (const element of value as readonly unknown[]) {
    const text = written(type.slice(2), element);
    if (text === undefined) return undefined;
    elements.push(text);
  }
  return `${type}{${elements.join(', ')}}`;
}

function writtenMap(type: string, value: unknown): string {
  if (!isJsonObject(value)) return `${type}(nil)`;
  const keys = Object.keys(value).sort();
  return `${type}{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value[key])}`).join(', ')}}`;
}

function writtenIntOrString(value: unknown): string {
  return typeof value === 'number'
    ? `intstr.IntOrString{Type:0, IntVal:${value}, StrVal:""}`
    : `intstr.IntOrString{Type:1, IntVal:0, StrVal:${JSON.stringify(value)}}`;
}

const decimalQuantity = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([numkMGTPE]?)$/;
const exponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const goDigitsMax = 18;

/** As Kubernetes keeps an amount: a whole number, a power of ten, and the text if that is canonical. Others are shown as text. */
function writtenQuantity(text: string): string {
  const match = decimalQuantity.exec(text);
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  const digits = `${whole === '' ? '0' : whole}${fraction}`;
  if (match === null || digits.length > goDigitsMax) return JSON.stringify(Quantity.parse(text).toString());
  const scale = exponents[match[4]!]! - fraction.length;
  const value = BigInt(`${match[1] === '-' ? '-' : ''}${digits}`);
  const canonical = text === '0' || (scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0'));
  const amount = `i:resource.int64Amount{value:${value}, scale:${scale}}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}`;
  return `resource.Quantity{${amount}, s:${canonical ? JSON.stringify(text) : '""'}, Format:"DecimalSI"}`;
}
