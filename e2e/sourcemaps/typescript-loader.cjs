// TypeScript for webpack, by esbuild.
const { transform } = require('esbuild');

module.exports = function loader(code) {
  const done = this.async();
  transform(code, { loader: 'ts', sourcemap: true, sourcefile: this.resourcePath }).then((out) => done(null, out.code, JSON.parse(out.map)), done);
};
