// Builds the page with one bundler and Sentry's plugin for it, with the plugin's default settings.
//
//   SENTRY_URL=… SENTRY_ORG=… SENTRY_PROJECT=… SENTRY_AUTH_TOKEN=… DSN=… OUT=dir node build.mjs vite|webpack|rollup|esbuild
import fs from 'node:fs';
import path from 'node:path';

const [, , bundler] = process.argv;
const { DSN, OUT, RELEASE } = process.env;
const options = { release: { name: RELEASE, deploy: { env: 'production' } }, telemetry: false };
const define = { __DSN__: JSON.stringify(DSN) };
const here = import.meta.dirname;

/** A page for the bundlers that make only the script. */
function page(script) {
  const html = fs.readFileSync(path.join(here, 'index.html'), 'utf8').replace('type="module" src="/src/main.ts"', `src="/${script}"`);
  fs.writeFileSync(path.join(OUT, 'index.html'), html);
}

/** TypeScript for bundlers that do not know it. */
async function typescript() {
  const { transform } = await import('esbuild');
  return {
    name: 'typescript',
    async transform(code, id) {
      if (!id.endsWith('.ts')) return null;
      const out = await transform(code, { loader: 'ts', sourcemap: true, sourcefile: path.basename(id), define });
      return { code: out.code, map: out.map };
    },
  };
}

const build = {
  async vite() {
    const { build: run } = await import('vite');
    const { sentryVitePlugin } = await import('@sentry/vite-plugin');
    await run({ root: here, configFile: false, define, build: { outDir: OUT, emptyOutDir: true, sourcemap: 'hidden' }, plugins: [sentryVitePlugin(options)] });
  },
  async webpack() {
    const { default: webpack } = await import('webpack');
    const { sentryWebpackPlugin } = await import('@sentry/webpack-plugin');
    const stats = await new Promise((done, fail) => {
      webpack({
        context: here, mode: 'production', devtool: 'source-map', entry: './src/main.ts', output: { path: OUT, filename: 'shop.[contenthash].js' },
        resolve: { extensions: ['.ts', '.js'] }, module: { rules: [{ test: /\.ts$/, use: [path.join(here, 'typescript-loader.cjs')] }] },
        plugins: [new webpack.DefinePlugin(define), sentryWebpackPlugin(options)],
      }, (err, result) => (err || result.hasErrors() ? fail(err ?? new Error(result.toString())) : done(result)));
    });
    page(Object.keys(stats.compilation.assets).find((name) => name.endsWith('.js')));
  },
  async rollup() {
    const { rollup } = await import('rollup');
    const { sentryRollupPlugin } = await import('@sentry/rollup-plugin');
    const { default: terser } = await import('@rollup/plugin-terser');
    const { nodeResolve } = await import('@rollup/plugin-node-resolve');
    const bundle = await rollup({ input: path.join(here, 'src/main.ts'), plugins: [nodeResolve({ extensions: ['.ts', '.js'], browser: true }), await typescript(), terser(), sentryRollupPlugin(options)] });
    await bundle.write({ file: path.join(OUT, 'shop.js'), format: 'iife', sourcemap: true });
    await bundle.close();
    page('shop.js');
  },
  async esbuild() {
    const { build: run } = await import('esbuild');
    const { sentryEsbuildPlugin } = await import('@sentry/esbuild-plugin');
    await run({ absWorkingDir: here, entryPoints: ['src/main.ts'], bundle: true, minify: true, sourcemap: 'linked', outfile: path.join(OUT, 'shop.js'), define, plugins: [sentryEsbuildPlugin(options)] });
    page('shop.js');
  },
  // No plugin: what sentry-cli injects and uploads.
  async plain() {
    const { build: run } = await import('esbuild');
    await run({ absWorkingDir: here, entryPoints: ['src/main.ts'], bundle: true, minify: true, sourcemap: 'linked', outfile: path.join(OUT, 'shop.js'), define });
    page('shop.js');
  },
};

fs.mkdirSync(OUT, { recursive: true });
await build[bundler]();
