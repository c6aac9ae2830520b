const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** An answer of the proxy itself: says in a line of text what is wrong. */
export function proxyResponse(status: number, message: string, close: boolean): string {
  const body = `coxswain proxy: ${message}\n`;
  const connection = close ? 'Connection: close\r\n' : '';
  return (
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nX-Coxswain-Proxy: ${status}\r\n${connection}\r\n${body}`
  );
}

/** What a client is told when no pod can serve it. */
export const noEndpoint = (service: string): string => `no endpoint of Service ${service} is ready`;
export const noneReachable = (service: string): string => `no endpoint of Service ${service} could be reached`;
export const diedUnanswered = (service: string): string => `the endpoint of Service ${service} closed the connection without an answer`;
export const spokeNonsense = (service: string): string => `the endpoint of Service ${service} sent something that is not HTTP/1.1`;
