import * as vscode from 'vscode';
import type { CodeAction, Middleware, WorkspaceEdit } from 'vscode-languageclient/node';
import type { Client } from './client';
import { askInstruction } from './instruction';
import { say, tell } from './messages';
import { placeOf } from './place';
import type { Previews } from './preview';
import { ask, type Listener, type Result } from './tasks';

interface Rewrite extends Result {
    edit: WorkspaceEdit | null;
}

/** What is made of a code action that the daemon has yet to work out. */
type Pending = Pick<CodeAction, 'title' | 'kind' | 'data'>;

const RESOLVE = 'gridls.resolveAction';

/** Runs something that takes its time, with a notice that cancels it. */
function withProgress<R>(title: string, run: (token: vscode.CancellationToken,
                                              report: (message: string) => void) => Promise<R>): Promise<R> {
    return Promise.resolve(vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: `gridls: ${title}`, cancellable: true },
        (progress, token) => run(token, message => progress.report({ message }))));
}

/** The version of the document that the edit is of. */
function versionOf(edit: WorkspaceEdit | null): number | null | undefined {
    return edit?.documentChanges?.map(change => 'textDocument' in change ? change.textDocument.version : undefined)
        .find(version => version !== undefined);
}

function lineCounter(report: (message: string) => void): Listener {
    let lines = 0;
    return {
        onText: text => {
            lines += text.split('\n').length - 1;
            if (lines > 0)
                report(lines === 1 ? '1 line' : `${lines} lines`);
        },
        onReport: report,
    };
}

/** Rewrites by an instruction, and the daemon's code actions. */
export class Refactor implements vscode.Disposable {
    private readonly disposables: vscode.Disposable[];

    constructor(private readonly memory: vscode.Memento, private readonly previews: Previews,
                private readonly need: () => Client | undefined) {
        this.disposables = [
            vscode.commands.registerCommand('gridls.refactor', (params: unknown) => this.refactor(params)),
            vscode.commands.registerCommand(RESOLVE, (action: Pending) => this.resolve(action)),
        ];
    }

    dispose(): void {
        this.disposables.forEach(disposable => disposable.dispose());
    }

    readonly middleware: Middleware = {
        // VS Code would resolve an action without showing that it takes its time, or a way to cancel it.
        provideCodeActions: async (document, range, context, token, next) => {
            const actions = await next(document, range, context, token);
            for (const action of actions ?? []) {
                if (!(action instanceof vscode.CodeAction) || action.edit || action.command ||
                    action.disabled)
                    continue;
                const pending: Pending = {
                    title: action.title, kind: action.kind?.value, data: (action as Partial<CodeAction>).data,
                };
                action.command = { command: RESOLVE, title: action.title, arguments: [pending] };
            }
            return actions;
        },
        resolveCodeAction: action => action,
    };

    private async refactor(params: unknown): Promise<void> {
        const place = placeOf(params);
        const client = place && this.need();
        if (!client)
            return;
        const given = (params as { instruction?: unknown } | undefined)?.instruction;
        const instruction = typeof given === 'string' ? given : await askInstruction(this.memory);
        if (!instruction)
            return;
        const document = await vscode.workspace.openTextDocument(place.uri);
        await this.run(instruction, document, true, (token, report) => ask<Rewrite>(client, 'gridls/refactor', {
            textDocument: client.code2ProtocolConverter.asVersionedTextDocumentIdentifier(document),
            range: client.code2ProtocolConverter.asRange(place.range),
            instruction,
        }, token, lineCounter(report)));
    }

    private async resolve(action: Pending): Promise<void> {
        const client = this.need();
        const data = action.data as { textDocument: { uri: string } };
        if (!client)
            return;
        const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(data.textDocument.uri));
        // A fix is small, and the diagnostic shows whether it was one; a rewrite is looked at first.
        await this.run(action.title, document, action.kind !== 'quickfix', async token => {
            const resolved = await client.sendRequest<CodeAction>('codeAction/resolve', action, token);
            return { edit: resolved.edit ?? null, finishReason: null };
        });
    }

    private async run(title: string, document: vscode.TextDocument, isShown: boolean,
                      make: (token: vscode.CancellationToken,
                             report: (message: string) => void) => Promise<Rewrite>): Promise<void> {
        try {
            const { edit } = await withProgress(title, make);
            const client = this.need();
            const converted = client && await client.protocol2CodeConverter.asWorkspaceEdit(edit);
            const edits = converted?.get(document.uri) ?? [];
            if (!edits.length)
                void say('There is nothing to change.');
            else if (document.isClosed || document.version !== versionOf(edit))
                void say('The text has changed meanwhile, so the rewrite was left out.');
            else if (isShown)
                await this.previews.show(document, edits, title);
            else if (!await vscode.workspace.applyEdit(converted!))
                void say('VS Code did not take the change.');
        } catch (error) {
            tell(error);
        }
    }
}
