// The lab's shop for both Node backends: one page, one address that always fails.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Required, not imported: so OpenTelemetry's instrumentation meets it without a loader.
const http = createRequire(import.meta.url)('node:http');

/** What the visitor's cookies say. */
export function visitor(req) {
  const found = Object.fromEntries((req.headers.cookie ?? '').split('; ').map((c) => c.split('=')));
  return { visit: found.lab_visit, user: found.lab_user, setup: found.lab_setup ?? '' };
}

/** Says the truth about one reported error. */
export const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * @param {{fail: (req: object, step: string, words: string) => void, tags: () => string, flush: () => Promise<unknown>}} backend
 */
export function serve({ fail, tags, flush }) {
  const page = readFileSync(process.env.LAB_HTML, 'utf8');
  const server = http.createServer(async (req, res) => {
    if (req.url === '/shop') {
      const ssr = visitor(req).setup.startsWith('ssr');
      if (ssr) fail(req, 'page', `no recommendations for ${visitor(req).visit}`);
      res.setHeader('content-type', 'text/html; charset=utf-8');
      res.end(page.replace('<!--trace-->', ssr ? tags() : ''));
      return;
    }
    if (req.url === '/api/checkout') {
      let body = '';
      for await (const part of req) body += part;
      // Every error has words of its own: Node's SDK drops an error that is like the one before.
      const { step } = JSON.parse(body);
      fail(req, step, `the bank declined the ${step} payment of ${visitor(req).visit}`);
      res.statusCode = 500;
      res.end('{"error":"payment failed"}');
      return;
    }
    res.statusCode = 404;
    res.end();
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  process.once('SIGTERM', async () => {
    server.closeAllConnections();
    server.close();
    await flush();
    process.exit(0);
  });
}
