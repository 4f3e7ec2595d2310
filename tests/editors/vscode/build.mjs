// Bundles the tests that are written in TypeScript, for Node.js and for VS Code's extension host.
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';

const { build } = createRequire(new URL('../../../editors/vscode/package.json', import.meta.url))('esbuild');
const files = folder => readdirSync(folder).filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`);

await build({
    entryPoints: files('unit'), outdir: 'build/unit', outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'warning',
});

await build({
    entryPoints: files('host'), outdir: 'build/host', outExtension: { '.js': '.cjs' },
    bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['vscode'], logLevel: 'warning',
});
