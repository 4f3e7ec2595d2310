// What all files of UI tests begin with: VS Code with the package, a server to complete, a window.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXTENSION, PACKAGE, Workbench, until } from './workbench.mjs';
import { Upstream } from './upstream.mjs';

const HOST = path.join(path.dirname(fileURLToPath(import.meta.url)), '../build/host');
const HOST_PATIENCE_MS = 90_000;

/** The upstream and the workbench of one file of tests, there from its first test to its last. */
export class Suite {

    /** `settings` are VS Code's, `daemon` the daemon's own; `begin` is what comes before all tests. */
    constructor({ settings = {}, daemon = {}, begin = () => undefined } = {}) {
        before(async () => {
            this.upstream = await Upstream.start();
            this.bench = await Workbench.start({
                extension: PACKAGE, settings, daemon: { ...this.upstream.settings, ...daemon },
            });
            await begin();
        });
        after(async () => {
            await this.bench?.stop();
            await this.upstream?.stop();
        });
    }

    /** A window on a new folder. */
    open(files = {}, options = {}) {
        return this.bench.open(this.bench.workspace(files), options);
    }

    /**
     * A function that makes tests of one window, which is opened for the first: opening takes most of a
     * test's time. What fails leaves a picture, and the next test a window of its own.
     */
    tests(title, open = () => this.open()) {
        let window;
        return (name, function_) => test(`${title}: ${name}`, async () => {
            window ??= await open();
            try {
                await function_(window);
            } catch (error) {
                await window.picture(`failed ${title} ${name}`.replace(/\W+/g, '-'));
                await window.close();
                window = undefined;
                throw error;
            }
        });
    }

    /** A test of a module of host/, which runs within VS Code's extension host. */
    hostTest(name, module, open) {
        test(name, async () => {
            let said, code;
            const window = await open({
                payload: [['extensionDevelopmentPath', EXTENSION],
                          ['extensionTestsPath', path.join(HOST, `${module}.cjs`)]],
                expose: {
                    codeAutomationLog: (kind, args) => { said = JSON.stringify(args); },
                    codeAutomationExit: value => { code = value; },
                },
            });
            try {
                await until('the end of the tests', () => code !== undefined, HOST_PATIENCE_MS);
                assert.equal(code, 0, said);
            } catch (error) {
                await window.picture(`failed-host-${module}`);
                throw error;
            } finally {
                await window.close();
            }
        });
    }
}
