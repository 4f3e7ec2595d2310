import * as vscode from 'vscode';
import {
    ProgressType, type InlineCompletionItem, type InlineCompletionList, type Middleware,
} from 'vscode-languageclient/node';
import type { Client } from './client';
import { tell } from './messages';
import type { Switches } from './switches';

type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null | undefined;
type Answer = InlineCompletionList | InlineCompletionItem[] | null;

const partial = new ProgressType<{ kind: string; item?: InlineCompletionItem }>();

/**
 * How long a call goes on that VS Code wants no more, while nothing is typed. It cancels when typing begins and
 * asks again when it rests, and the daemon lets the new request join the old one's call, if that has not been
 * ended.
 */
const GRACE_MS = 500;

/**
 * What has VS Code ask once more. The first command is there as newer ones keep what is seen at the head of
 * what is asked for, as one candidate among others, unless it is gone. Both run within the window, one behind
 * the other, so that nothing is seen to vanish for a way to the extension and back.
 */
const AGAIN = ['editor.action.inlineSuggest.hide', 'editor.action.inlineSuggest.trigger'];

interface Call {
    document: vscode.TextDocument;
    version: number;
    position: vscode.Position;
    shown: string | undefined; // what VS Code has been given before the end
    cancel: vscode.CancellationTokenSource;
}

function textOf(items: Items): string | undefined {
    const first = (Array.isArray(items) ? items : items?.items)?.[0];
    return typeof first?.insertText === 'string' ? first.insertText : undefined;
}

/**
 * Ghost text. What a person asks for goes through the standard request. What comes by itself is shown with its
 * first line: VS Code's interface takes one answer, so the rest is fetched once more when it is there, which
 * costs nothing as the daemon knows it then.
 */
export class Ghost implements vscode.Disposable {
    private latest: Call | undefined;
    private tokens = 0;
    private readonly disposables: vscode.Disposable[];

    constructor(private readonly client: () => Client | undefined, private readonly switches: Switches) {
        this.disposables = [
            vscode.window.onDidChangeTextEditorSelection(event => this.moved(event.textEditor)),
            vscode.commands.registerCommand('gridls.dismiss', () => {
                this.end();
                return vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
            }),
        ];
    }

    dispose(): void {
        this.end();
        this.disposables.forEach(disposable => disposable.dispose());
    }

    readonly middleware: Middleware = {
        provideInlineCompletionItems: async (document, position, context, token, next) => {
            if (context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke) {
                try {
                    return await next(document, position, context, token);
                } catch (error) {
                    if (!token.isCancellationRequested)
                        tell(error);
                    return null;
                }
            }
            const client = this.client();
            return client && this.switches.isOn(document)
                ? this.stream(client, document, position, context, token) : null;
        },
    };

    private async stream(client: Client, document: vscode.TextDocument, position: vscode.Position,
                         context: vscode.InlineCompletionContext,
                         token: vscode.CancellationToken): Promise<Items> {
        const call: Call = {
            document, position, version: document.version, shown: undefined,
            cancel: new vscode.CancellationTokenSource(),
        };
        const cancelled = token.onCancellationRequested(() => this.endUnlessTyped(call));
        this.latest = call;

        const partialResultToken = `ghost-${++this.tokens}`;
        let showFirst: (items: Items) => void = () => undefined;
        const first = new Promise<Items>(resolve => showFirst = resolve);
        const progress = client.onProgress(partial, partialResultToken, async value => {
            if (call.shown !== undefined || !value.item || this.latest !== call)
                return;
            call.shown = '';
            const items = await client.protocol2CodeConverter.asInlineCompletionResult([value.item]);
            call.shown = textOf(items) ?? '';
            this.setStreaming(true);
            showFirst(items);
        });
        const params = {
            ...client.code2ProtocolConverter.asInlineCompletionParams(document, position, context),
            partialResultToken,
        };
        const whole = client.sendRequest<Answer>('gridls/inlineCompletion', params, call.cancel.token)
            .then(answer => client.protocol2CodeConverter.asInlineCompletionResult(answer))
            // What comes by itself fails in silence; the status bar tells.
            .catch((): Items => null)
            .then(items => {
                progress.dispose();
                cancelled.dispose();
                this.finish(call, items);
                return items;
            });
        return Promise.race([first, whole]);
    }

    /** Has VS Code ask once more where it shows the beginning of what is there now. */
    private finish(call: Call, items: Items): void {
        if (this.latest !== call)
            return;
        this.latest = undefined;
        this.setStreaming(false);
        const text = textOf(items);
        const editor = vscode.window.activeTextEditor;
        if (call.shown !== undefined && text !== undefined && text !== call.shown && editor &&
            this.isStill(call, editor))
            void vscode.commands.executeCommand('runCommands', { commands: AGAIN });
    }

    private isStill(call: Call, editor: vscode.TextEditor): boolean {
        return editor.document === call.document && call.document.version === call.version &&
            editor.selection.isEmpty && editor.selection.active.isEqual(call.position);
    }

    /** Ends the call whose place the cursor has left without typing: typing brings a request of its own. */
    private moved(editor: vscode.TextEditor): void {
        const call = this.latest;
        if (call && editor.document === call.document && call.document.version === call.version &&
            !this.isStill(call, editor))
            this.end();
    }

    private endUnlessTyped(call: Call): void {
        const version = call.document.version;
        setTimeout(() => {
            if (this.latest !== call || call.shown !== undefined)
                return;
            if (call.document.version === version)
                this.end();
            else
                this.endUnlessTyped(call);
        }, GRACE_MS);
    }

    private end(): void {
        const call = this.latest;
        this.latest = undefined;
        this.setStreaming(false);
        call?.cancel.cancel();
    }

    private setStreaming(value: boolean): void {
        void vscode.commands.executeCommand('setContext', 'gridls.streaming', value);
    }
}
