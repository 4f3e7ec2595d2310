import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as vscode from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';
import { Backoff } from './backoff';
import { Client } from './client';
import { findExecutable } from './find';

/** How the process is; how the daemon feels is told by itself. */
export type DaemonState =
    | { name: 'off' }
    | { name: 'missing'; fault: string }
    | { name: 'starting' }
    | { name: 'running' }
    | { name: 'waiting' } // has died, will be started again
    | { name: 'dead' };

export interface DaemonParts {
    log: vscode.LogOutputChannel;
    middleware: Middleware;
    options(): unknown;
    mask(text: string): string;
    onRunning(client: Client): void;
}

function isExecutable(file: string): boolean {
    try {
        fs.accessSync(file, fs.constants.X_OK);
        return fs.statSync(file).isFile();
    } catch {
        return false;
    }
}

/** The one daemon of this window: starts it, starts it again with growing pauses, and stops it. */
export class Daemon implements vscode.Disposable {
    private current: Client | undefined;
    private child: ChildProcess | undefined;
    private timer: NodeJS.Timeout | undefined;
    private readonly backoff = new Backoff();
    private readonly changes = new vscode.EventEmitter<DaemonState>();
    private stateNow: DaemonState = { name: 'off' };

    readonly onDidChange = this.changes.event;

    constructor(private readonly parts: DaemonParts) {}

    get state(): DaemonState {
        return this.stateNow;
    }

    /** The client, where it can be talked to. */
    get client(): Client | undefined {
        return this.stateNow.name === 'running' ? this.current : undefined;
    }

    /** Starts it because a person, or the settings, want it so: what it died of before counts no more. */
    async start(): Promise<void> {
        await this.stop();
        this.backoff.reset();
        await this.launch();
    }

    async stop(): Promise<void> {
        clearTimeout(this.timer);
        const { current, child } = this;
        this.current = this.child = undefined;
        this.set({ name: 'off' });
        try {
            await current?.dispose();
        } catch {
            // It had not come up, or does not answer.
        }
        if (child && child.exitCode === null && child.signalCode === null)
            child.kill();
    }

    dispose(): void {
        void this.stop();
        this.changes.dispose();
    }

    private set(state: DaemonState): void {
        this.stateNow = state;
        this.changes.fire(state);
    }

    private async launch(): Promise<void> {
        const settings = vscode.workspace.getConfiguration('gridls');
        const found = findExecutable(settings.get('path', 'gridls'), {
            path: process.env['PATH'] ?? '', home: os.homedir(), isExecutable,
        });
        if ('fault' in found) {
            this.set({ name: 'missing', fault: found.fault });
            return;
        }
        this.set({ name: 'starting' });
        this.backoff.started();
        const client: Client = new Client({
            log: this.parts.log,
            middleware: this.parts.middleware,
            options: () => this.parts.options(),
            mask: text => this.parts.mask(text),
            spawn: () => this.current === client
                ? this.spawn(found.file, settings.get<string[]>('arguments', []))
                : Promise.reject(new Error('it is no longer wanted')),
            onClosed: () => this.closed(client),
        });
        this.current = client;
        try {
            await client.start();
        } catch (error) {
            this.parts.log.error(`gridls did not start: ${String(error)}`);
            this.closed(client);
            return;
        }
        if (this.current === client) {
            this.set({ name: 'running' });
            this.parts.onRunning(client);
        }
    }

    private spawn(file: string, options: string[]): Promise<ChildProcess> {
        this.parts.log.info(`starting ${[file, ...options].join(' ')}`);
        return new Promise((resolve, reject) => {
            // Not in the workspace: a relative name would then be found there.
            const child = spawn(file, options, { cwd: os.homedir(), stdio: 'pipe' });
            this.child = child;
            child.once('spawn', () => resolve(child));
            child.once('error', reject);
            child.once('exit', (code, signal) => this.parts.log.info(`gridls has ended (${signal ?? code})`));
            // Of a daemon that is gone the reader's end tells.
            child.stdin.on('error', () => undefined);
        });
    }

    private closed(client: Client): void {
        if (this.current !== client)
            return;
        this.current = undefined;
        this.child?.kill();
        const wait = this.backoff.next();
        if (wait === undefined) {
            this.set({ name: 'dead' });
            return;
        }
        this.set({ name: 'waiting' });
        this.timer = setTimeout(() => void this.launch(), wait);
    }
}
