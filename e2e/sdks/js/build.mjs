// Bundles page.js with every major of @sentry/browser into bundle/.
import * as esbuild from 'esbuild';

for (const major of [7, 8, 9, 10, 11]) {
  await esbuild.build({
    entryPoints: ['page.js'], outfile: `bundle/${major}.js`, alias: { SENTRY: `browser${major}` },
    bundle: true, format: 'iife', target: 'es2022', sourcemap: 'inline', logLevel: 'error', legalComments: 'none',
  });
}
