import type { ChildProcess } from 'node:child_process';
import * as readline from 'node:readline';
import * as vscode from 'vscode';
import {
    CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, type DynamicFeature, type Middleware,
    type StaticFeature,
} from 'vscode-languageclient/node';

export interface ClientParts {
    log: vscode.LogOutputChannel;
    middleware: Middleware;
    spawn(): Promise<ChildProcess>;
    /** The settings that go with `initialize`. */
    options(): unknown;
    /** A text as it may stand in a log. */
    mask(text: string): string;
    /** The daemon has gone without having been asked to. */
    onClosed(): void;
}

/**
 * The language client, quieter than it is: what fails is told by those who asked, and the daemon's commands are
 * not made commands of VS Code, since this extension has its own of those names.
 */
export class Client extends LanguageClient {
    constructor(parts: ClientParts) {
        super('gridls', 'gridls', parts.spawn, {
            documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
            outputChannel: parts.log,
            // A trace holds what was sent, and so the key among the settings.
            traceOutputChannel: Object.create(parts.log, {
                trace: { value: (message: string) => parts.log.trace(parts.mask(message)) },
            }) as vscode.LogOutputChannel,
            revealOutputChannelOn: RevealOutputChannelOn.Never,
            initializationOptions: parts.options,
            initializationFailedHandler: () => false,
            errorHandler: {
                error: () => ({ action: ErrorAction.Continue, handled: true }),
                closed: () => {
                    parts.onClosed();
                    return { action: CloseAction.DoNotRestart, handled: true };
                },
            },
            middleware: parts.middleware,
            stdioOptions: {
                stdout: () => undefined,
                // Each line has its level in it; the channel need not call all of them errors.
                stderr: (input, channel) => {
                    readline.createInterface({ input }).on('line', line => channel.info(line));
                },
            },
        });
    }

    override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
        const method = (feature as Partial<DynamicFeature<unknown>>).registrationType?.method;
        if (method !== 'workspace/executeCommand')
            super.registerFeature(feature);
    }

    override error(message: string, data?: unknown): void {
        super.error(message, data, false);
    }
}
