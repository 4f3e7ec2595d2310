import * as vscode from 'vscode';
import type { Client } from './client';
import { findRepository, type Repository } from './git';
import { say, tell } from './messages';
import { ask, type Result } from './tasks';
import { joined, typedEnd } from './texts';

/** Where a message goes, piece by piece. Returns false where the person has changed it meanwhile. */
type Sink = (message: string) => boolean | Promise<boolean>;

/** Puts the message into Git's message box, behind what is typed there. */
function boxSink(box: Repository['inputBox']): Sink {
    const typed = box.value;
    let written = typed;
    return message => {
        if (box.value !== written)
            return false;
        box.value = joined(typed, message);
        written = box.value;
        return true;
    };
}

/** Puts the message into the document, behind what is typed there, as one undo step. */
function documentSink(editor: vscode.TextEditor): Sink {
    const { document } = editor;
    const start = typedEnd(document.getText());
    let written = '';
    let version = document.version;
    return async message => {
        if (document.version !== version)
            return false;
        const more = message.slice(written.length);
        const at = document.positionAt(start + written.length);
        const needsEnd = written === '' && /^[^\r\n]/.test(document.getText().slice(start));
        const done = await editor.edit(edit => edit.insert(at, needsEnd ? `${more}\n` : more),
                                       { undoStopBefore: written === '', undoStopAfter: false });
        version = document.version;
        written = message;
        return done;
    };
}

/** Commit messages, in the Source Control view and in the document that git opens. */
export class Commit implements vscode.Disposable {
    private running: vscode.CancellationTokenSource | undefined;
    private readonly disposables: vscode.Disposable[];

    constructor(private readonly need: () => Client | undefined) {
        this.disposables = [
            vscode.commands.registerCommand('gridls.commitMessage', (given: unknown) => this.write(given)),
            vscode.commands.registerCommand('gridls.cancelCommitMessage', () => this.running?.cancel()),
        ];
    }

    dispose(): void {
        this.running?.cancel();
        this.disposables.forEach(disposable => disposable.dispose());
    }

    private async write(given: unknown): Promise<void> {
        const client = this.need();
        if (!client || this.running)
            return;
        const editor = vscode.window.activeTextEditor;
        const uri = (given as { textDocument?: { uri: string } } | undefined)?.textDocument?.uri;
        if (editor && (uri ? editor.document.uri.toString() === vscode.Uri.parse(uri).toString()
            : !given && editor.document.languageId === 'git-commit')) {
            const textDocument = client.code2ProtocolConverter.asTextDocumentIdentifier(editor.document);
            await this.run(client, { textDocument }, documentSink(editor));
            return;
        }
        const repository = await findRepository(given);
        if (!repository) {
            void say(vscode.workspace.isTrusted ? 'There is no Git repository here.'
                : 'VS Code turns Git off in Restricted Mode, and with it the message box.');
            return;
        }
        const typed = repository.inputBox.value.trim();
        await this.run(client, {
            root: client.code2ProtocolConverter.asUri(repository.rootUri), ...(typed ? { hint: typed } : {}),
        }, boxSink(repository.inputBox));
    }

    private async run(client: Client, params: object, sink: Sink): Promise<void> {
        const running = this.running = new vscode.CancellationTokenSource();
        void vscode.commands.executeCommand('setContext', 'gridls.committing', true);
        let message = '';
        let isGivenUp = false;
        let writing: Promise<void> = Promise.resolve();
        const put = async (): Promise<void> => {
            if (isGivenUp || !message)
                return;
            isGivenUp = !await sink(message);
            if (isGivenUp) {
                running.cancel();
                void say('You have changed the message, so the rest of it is left out.');
            }
        };
        try {
            const result = await vscode.window.withProgress(
                { location: vscode.ProgressLocation.SourceControl },
                () => ask<Result>(client, 'gridls/commitMessage', params, running.token, {
                    onText: text => {
                        message += text;
                        writing = writing.then(put);
                    },
                }));
            await writing;
            if (result.finishReason === 'length')
                void say('The message is cut off: it has reached its token limit.');
        } catch (error) {
            tell(error);
        } finally {
            this.running = undefined;
            void vscode.commands.executeCommand('setContext', 'gridls.committing', false);
        }
    }
}
