import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { InProcessContext, InProcessImage } from '../../src/runtimes/in-process/in-process-image.ts';

function answer(context: InProcessContext, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const file = context.path(query);
  if (path === '/healthy') response.end('fine');
  else if (path === '/broken') response.writeHead(503).end();
  else if (path === '/env') response.end(context.env[query]);
  else if (path === '/args') response.end(JSON.stringify(context.args));
  else if (path === '/write') response.end(writeFileSync(file, 'written'));
  else if (path === '/file' && statSync(file, { throwIfNoEntry: false })?.isFile() === true) response.end(readFileSync(file));
  else if (path === '/file') response.writeHead(404).end();
}

const exec: InProcessImage['exec'] = {
  say: ({ args: [text, problem, code], stdout, stderr }) => {
    if (text !== '') stdout.write(`${text}\n`);
    if (problem !== '') stderr.write(`${problem}\n`);
    return Number(code);
  },
  echo: async ({ stdin, stdout }) => {
    for await (const chunk of stdin) stdout.write(chunk);
  },
  hang: () => new Promise(() => undefined),
};

async function serve(context: InProcessContext): Promise<void> {
  context.log('started');
  context.error('warming');
  await context.listen(
    createServer((request, response) => answer(context, request, response)),
    8080,
  );
}

/** The images of the runtime suite as functions. */
export const suitePrograms: Readonly<Record<string, InProcessImage>> = {
  server: {
    exec,
    main: async (context) => {
      await serve(context);
      await context.stopped;
    },
  },
  stubborn: {
    exec,
    main: async (context) => {
      await serve(context);
      await new Promise(() => undefined);
    },
  },
  quick: { main: (context) => context.log('done') },
  failing: {
    main: (context) => {
      context.error('oops');
      return 3;
    },
  },
};

export const suiteImages = { server: 'server', stubborn: 'stubborn', quick: 'quick', failing: 'failing', missing: 'nobody/knows:this' };

export const suiteCommands = {
  say: (text: string, problem: string, exitCode: number) => ['say', text, problem, String(exitCode)],
  echo: ['echo'],
  hang: ['hang'],
};
