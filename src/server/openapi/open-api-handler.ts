import { ApiError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { OpenApi, OpenApiDocument } from './open-api.ts';

const protobuf = /application\/com\.github\.proto-openapi\.spec\.v(\d)@v1\.0\+protobuf/;
const json = /application\/json|\*\/\*|application\/\*/;

/**
 * Answers a path below `/openapi/`; false if there is no such document. A client that has the document already is told so (its
 * ETag, or for version 3 the hash in the address, which may then be kept for ever). Version 2 is also there in protobuf.
 */
export function answerOpenApi(exchange: Exchange, openApi: OpenApi): boolean {
  const { pathname } = exchange.url;
  const found = openApi.at(pathname.endsWith('/') ? pathname.slice(0, -1) : pathname);
  if (found === undefined) return false;
  if (redirected(exchange, found)) return true;
  const etag = `"${found.hash}"`;
  exchange.response.setHeader('etag', etag);
  exchange.response.setHeader('vary', 'Accept-Encoding, Accept');
  if (exchange.query.has('hash')) exchange.response.setHeader('cache-control', 'public, immutable');
  if (exchange.request.headers['if-none-match'] === etag) {
    exchange.response.writeHead(304);
    exchange.response.end();
  } else if (asked(exchange) === 'protobuf') {
    if (!found.text.startsWith('{"swagger"'))
      throw new ApiError(406, 'NotAcceptable', 'only the following media types are accepted: application/json', undefined, {
        retryable: false,
      });
    exchange.bytes(200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', openApi.protobuf());
  } else exchange.json(200, found.text);
  return true;
}

/** JSON unless protobuf is all that the client takes, or comes first in what it takes of version 2. */
function asked(exchange: Exchange): 'json' | 'protobuf' {
  const { accept = '' } = exchange.request.headers;
  const encoded = protobuf.exec(accept);
  if (encoded === null) return 'json';
  return encoded[1] === '3' && json.test(accept) ? 'json' : 'protobuf';
}

/** An old hash: the document has changed since, and is found under its new one. */
function redirected(exchange: Exchange, { hash }: OpenApiDocument): boolean {
  const given = exchange.query.get('hash');
  if (given === null || given === hash) return false;
  exchange.response.writeHead(301, { location: `${exchange.url.pathname}?hash=${hash}`, 'content-length': 0 });
  exchange.response.end();
  return true;
}
