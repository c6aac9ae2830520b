/** An address as a number, with the number of its bits. */
function numberOf(address: string): { readonly value: bigint; readonly bits: number } {
  if (!address.includes(':')) return { value: address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(Number(part)), 0n), bits: 32 };
  const tail = /^(.*:)([0-9.]+)$/.exec(address);
  const mapped = tail !== null && tail[2]!.includes('.') ? numberOf(tail[2]!).value : undefined;
  const text = mapped === undefined ? address : `${tail![1]!}${(mapped >> 16n).toString(16)}:${(mapped & 0xffffn).toString(16)}`;
  const [head = '', rest] = text.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = rest === undefined || rest === '' ? [] : rest.split(':');
  const middle = rest === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0');
  return { value: [...front, ...middle, ...back].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n), bits: 128 };
}

function split(range: string): { readonly value: bigint; readonly bits: number; readonly length: number } {
  const slash = range.indexOf('/');
  return { ...numberOf(range.slice(0, slash)), length: Number(range.slice(slash + 1)) };
}

/** Whether one valid range (`10.1.0.0/16`) lies in another and is smaller. */
export function isStrictlyInside(inner: string, outer: string): boolean {
  const a = split(inner);
  const b = split(outer);
  if (a.bits !== b.bits || a.length <= b.length) return false;
  const shift = BigInt(b.bits - b.length);
  return a.value >> shift === b.value >> shift;
}
