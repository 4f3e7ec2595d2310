// Bundles the extension and the page of its explanations into dist/. With --production without source maps.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const production = process.argv.includes('--production');
const common = {
    bundle: true,
    minify: production,
    sourcemap: !production,
    logLevel: 'warning',
    legalComments: 'none',
};

const { metafile } = await build({
    ...common,
    metafile: true,
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

// The licences of what is bundled ask to go with it.
const packages = new Set(Object.keys(metafile.inputs)
    .map(input => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]).filter(Boolean));
const notices = [...packages].sort().map(folder => {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const licence = readdirSync(folder).find(file => /^licen[cs]e/i.test(file));
    if (!licence)
        throw new Error(`${name} has no licence that could go with the package`);
    return `${name} ${version}\n\n${readFileSync(`${folder}/${licence}`, 'utf8').trim()}\n`;
});
writeFileSync('dist/NOTICES.txt', notices.join(`\n${'-'.repeat(80)}\n\n`));
