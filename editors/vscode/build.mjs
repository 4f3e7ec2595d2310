// Bundles the extension and the page of its explanations into dist/. With --production without source maps.
import { build } from 'esbuild';

const production = process.argv.includes('--production');
const common = {
    bundle: true,
    minify: production,
    sourcemap: !production,
    logLevel: 'warning',
    legalComments: 'none',
};

await build({
    ...common,
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.js',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
});

await build({
    ...common,
    entryPoints: ['src/view/page.ts'],
    outfile: 'dist/page.js',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    sourcemap: false,
});
