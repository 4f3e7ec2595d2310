// VS Code's own server with the extension installed, and windows on it in a headless browser.

import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const HERE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ROOT = path.resolve(HERE, '../../..');
const SERVER = path.join(HERE, 'node_modules/code-server/lib/vscode/out/server-main.js');
const CHROMIUM = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
                  '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'];
const PATIENCE_MS = 60_000;

export const EXTENSION = path.join(ROOT, 'editors/vscode');
export const PICTURES = path.join(ROOT, 'tests/output/vscode');
export const PACKAGE = path.join(PICTURES, 'gridls.vsix');
export const GRIDLS = path.resolve(process.env.GRIDLS ?? path.join(ROOT, 'build-test/daemon/gridls'));

/** Settings of a quiet VS Code, in which nothing but the extension has something to say. */
const QUIET = {
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'workbench.enableExperiments': false,
    'security.workspace.trust.enabled': false,
    'remote.autoForwardPorts': false,
    'files.hotExit': 'off',
    'chat.commandCenter.enabled': false,
    'chat.disableAIFeatures': true,
    'extensions.autoCheckUpdates': false,
    'telemetry.telemetryLevel': 'off',
    'editor.wordBasedSuggestions': 'off',
    'editor.minimap.enabled': false,
    'git.openRepositoryInParentFolders': 'never',
    'git.autofetch': false,
};

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/** Waits until the function returns something other than null, undefined and false. */
export async function until(what, function_, patience = PATIENCE_MS) {
    for (const end = Date.now() + patience; Date.now() < end; await sleep(50)) {
        const value = await function_();
        if (value !== null && value !== undefined && value !== false)
            return value;
    }
    throw new Error(`in vain: ${what}`);
}

export class Workbench {

    /**
     * `settings` go into VS Code's user settings, `daemon` into the daemon's own file, `extension` is a
     * package to install.
     */
    static async start({ settings = {}, daemon = {}, extension } = {}) {
        const bench = new Workbench();
        bench.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'gridls-vscode-')));
        bench.data = path.join(bench.folder, 'data');
        bench.home = path.join(bench.folder, 'home');
        for (const folder of ['home', 'run', 'data/User', 'extensions'])
            fs.mkdirSync(path.join(bench.folder, folder), { recursive: true, mode: 0o700 });
        bench.write(path.join(bench.home, '.config/gridls/config.json'), JSON.stringify(daemon));
        bench.settingsFile = path.join(bench.data, 'User/settings.json');
        bench.configure({ ...QUIET, 'gridls.path': GRIDLS, ...settings });
        bench.environment = {
            PATH: process.env.PATH, HOME: bench.home, XDG_RUNTIME_DIR: path.join(bench.folder, 'run'),
            XDG_CONFIG_HOME: path.join(bench.home, '.config'), TMPDIR: path.join(bench.folder, 'run'),
            LANG: 'C.UTF-8', TZ: 'UTC', GIT_CONFIG_NOSYSTEM: '1',
            GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.com',
            GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.com',
        };
        for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'])
            if (process.env[name])
                bench.environment[name] = process.env[name];
        try {
            await bench.#startServer(extension);
            bench.browser = await chromium.launch({
                executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: CHROMIUM,
            });
        } catch (error) {
            await bench.stop();
            throw error;
        }
        return bench;
    }

    write(file, text) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
    }

    /** Sets VS Code's user settings; those of the machine, to the server, stand in a file of their own. */
    configure(settings) {
        this.settings = settings;
        for (const place of ['User', 'Machine'])
            this.write(path.join(this.data, place, 'settings.json'), JSON.stringify(settings));
    }

    async #startServer(extension) {
        this.port = await freePort();
        const where = ['--server-data-dir', this.data, '--user-data-dir', this.data,
                       '--extensions-dir', path.join(this.folder, 'extensions')];
        if (extension)
            execFileSync(process.execPath, [SERVER, ...where, '--install-extension', extension],
                         { env: this.environment, stdio: 'pipe' });
        this.log = fs.openSync(path.join(this.folder, 'server.log'), 'a');
        // A group of its own: the server leaves extension hosts behind when it ends.
        this.server = spawn(process.execPath, [
            SERVER, '--host', '127.0.0.1', '--port', String(this.port), '--without-connection-token',
            '--accept-server-license-terms', '--telemetry-level', 'off', '--enable-smoke-test-driver', ...where,
        ], { env: this.environment, detached: true, stdio: ['ignore', this.log, this.log] });
        await until('the server is up', async () => {
            if (this.server.exitCode !== null)
                throw new Error(fs.readFileSync(path.join(this.folder, 'server.log'), 'utf8'));
            return fetch(`http://127.0.0.1:${this.port}/version`).then(answer => answer.ok, () => false);
        });
    }

    git(folder, ...args) {
        return execFileSync('git', ['-c', 'init.defaultBranch=main', ...args],
                            { cwd: folder, env: this.environment, encoding: 'utf8' });
    }

    /** A new folder with the files in it. */
    workspace(files) {
        const folder = fs.mkdtempSync(path.join(this.folder, 'w-'));
        for (const [name, text] of Object.entries(files))
            this.write(path.join(folder, name), text);
        return folder;
    }

    /** A window on a folder, or on a .code-workspace; `payload` is for VS Code's own test driver. */
    async open(place, { payload = [], expose = {} } = {}) {
        const context = await this.browser.newContext({ viewport: { width: 1100, height: 700 } });
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        for (const [name, function_] of Object.entries(expose))
            await page.exposeFunction(name, function_);
        const remote = name => `vscode-remote://127.0.0.1:${this.port}${name}`;
        const isFolder = !place.endsWith('.code-workspace');
        const told = payload.map(([name, value]) => [name, remote(value)]);
        await page.goto(`http://127.0.0.1:${this.port}/?${isFolder ? 'folder' : 'workspace'}=` +
                        `${encodeURIComponent(place)}&payload=${encodeURIComponent(JSON.stringify(told))}`);
        const window = new Window(page, isFolder ? place : path.dirname(place));
        await window.see('.monaco-workbench .statusbar-item');
        return window;
    }

    async stop() {
        await this.browser?.close();
        if (this.server?.pid) {
            try {
                process.kill(-this.server.pid, 'SIGKILL');
            } catch {
                // It has ended.
            }
        }
        if (process.env.GRIDLS_TESTS_KEEP)
            console.error(`kept: ${this.folder}`);
        else
            fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    }
}

/** One window of VS Code: what stands in it and what a person does there. */
export class Window {
    constructor(page, folder) {
        this.page = page;
        this.folder = folder;
    }

    /** Writes a file into the folder and opens it. Each test has a file of its own. */
    async edit(name, text) {
        const file = path.join(this.folder, name);
        fs.writeFileSync(file, text);
        // VS Code makes its list again while it looks for files, and an Enter in between opens nothing.
        for (let left = 2; !await this.openFromList(file, name, left ? 10_000 : undefined); left--)
            await this.press('Escape');
        await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
        await this.see('.editor-instance .monaco-editor.focused .view-line');
        await this.idle();
    }

    /** Opens a file from VS Code's list of files. False where that has not opened it in time. */
    async openFromList(file, name, timeout) {
        await this.press('Control+p');
        await this.see('.quick-input-widget input');
        await this.type(file);
        await this.see(`.quick-input-widget .monaco-list-row:has-text("${name}")`);
        await this.press('Enter');
        const tab = this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`, { timeout });
        return timeout ? tab.then(() => true, () => false) : tab;
    }

    /**
     * An editor gets some of its parts, the one for ghost text among them, once the window is idle or five
     * seconds have gone by. What is typed before brings nothing forth. Idle callbacks come in their order.
     */
    idle() {
        return this.page.evaluate(() => new Promise(resolve => {
            requestIdleCallback(() => resolve(), { timeout: 10_000 });
        }));
    }

    see(selector) {
        return this.page.waitForSelector(selector);
    }

    gone(selector) {
        return this.page.waitForSelector(selector, { state: 'detached' });
    }

    press(...keys) {
        return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
    }

    type(text) {
        return this.page.keyboard.type(text);
    }

    async command(title) {
        // A view that has the focus passes keys on only once it listens for them.
        await until('the command palette', async () => {
            await this.press('F1');
            return this.page.waitForSelector('.quick-input-widget .monaco-list-row', { timeout: 2000 })
                .catch(() => null);
        });
        await this.page.keyboard.type(title);
        await this.page.locator('.quick-input-widget .monaco-list-row .label-name', { hasText: title })
            .first().waitFor();
        await this.press('Enter');
    }

    /** Puts the cursor at the end of a line, counted from 1. */
    async goTo(line, column = 1000) {
        await this.press('Control+g');
        await this.see('.quick-input-widget input');
        await this.type(`${line}:${column}`);
        await this.see(`.quick-input-widget .monaco-list-row:has-text("line ${line} ")`);
        await this.press('Enter');
        await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
    }

    /** The ghost text that is seen, lines parted by line ends; '' where there is none. */
    async ghost() {
        const inline = await this.page.locator('.ghost-text-decoration, .ghost-text-decoration-preview')
            .allTextContents();
        const below = await this.page.locator('.ghost-text .view-line, .suggest-preview-text').allTextContents();
        return [inline.join(''), ...below].filter(Boolean).join('\n').replaceAll('\u00a0', ' ');
    }

    async seeGhost(text) {
        let seen;
        await until('', async () => (seen = await this.ghost()).includes(text)).catch(() => {
            throw new Error(`in vain: ghost text "${text}", but seen was "${seen}"`);
        });
    }

    noGhost() {
        return until('no ghost text', async () => await this.ghost() === '');
    }

    /** Writes the file and waits until what is in it matches. */
    async saveAs(file, pattern) {
        await this.press('Control+s');
        let text = '';
        await until(`${file} to match ${pattern}`, () => {
            text = fs.readFileSync(path.join(this.folder, file), 'utf8');
            return pattern.test(text);
        }).catch(error => { throw new Error(`${error.message}\n${text}`); });
    }

    /** The frame of a webview that holds what the selector names. */
    frameWith(selector) {
        return until(`a view with ${selector}`, async () => {
            for (const frame of this.page.frames()) {
                const found = await frame.$(selector).catch(() => null);
                if (found)
                    return frame;
            }
            return null;
        });
    }

    status() {
        return this.page.locator('[id="gridls.gridls.gridls"]');
    }

    /** Waits until the status holds the text, and not the other. */
    seeStatus(text, not) {
        return until(`status ${text}`, async () => {
            const label = await this.status().getAttribute('aria-label').catch(() => '');
            return label?.includes(text) && !(not && label.includes(not));
        });
    }

    /** Chooses from the menu of the status. */
    async choose(title) {
        await this.command('gridls: Status and Switches');
        await this.see(`.quick-input-widget .monaco-list-row:has-text("${title.replaceAll('"', '\\"')}")`);
        await this.type(title);
        await this.page.locator('.quick-input-widget .monaco-list-row.focused', { hasText: title }).waitFor();
        await this.press('Enter');
        await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
    }

    /** What was done in the window before is known to the extension once it has shown its menu. */
    async reachHost() {
        await this.status().click();
        await this.see('.quick-input-widget .monaco-list-row');
        await this.press('Escape');
        await this.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
    }

    async picture(name) {
        fs.mkdirSync(PICTURES, { recursive: true });
        await this.page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
    }

    async close() {
        await this.page.context().close();
    }
}
