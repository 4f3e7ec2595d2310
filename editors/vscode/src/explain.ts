import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Client } from './client';
import { failureOf } from './failure';
import { nameOf, placeOf, type Place } from './place';
import { ask, type Result } from './tasks';
import type { FromPage, ToPage, Turn } from './view/messages';

interface Explanation extends Result {
    conversation: string;
}

const NOTES: Record<string, string> = {
    length: 'The answer is cut off: it has reached its token limit.',
    content_filter: 'The rest was withheld by a content filter.',
};

/** Explanations beside the code, and questions about them. There is one view, for the latest. */
export class Explain implements vscode.Disposable {
    private panel: vscode.WebviewPanel | undefined;
    private place: Place | undefined;
    private conversation: string | undefined;
    private speaksWith: Client | undefined; // who knows the conversation
    private turns: Turn[] = [];
    private running: vscode.CancellationTokenSource | undefined;
    private readonly command: vscode.Disposable;

    constructor(private readonly extension: vscode.Uri, private readonly need: () => Client | undefined) {
        this.command = vscode.commands.registerCommand('gridls.explain', (params: unknown) => {
            const place = placeOf(params);
            if (place)
                this.begin(place);
        });
    }

    dispose(): void {
        this.command.dispose();
        this.panel?.dispose();
    }

    private begin(place: Place): void {
        if (!this.need())
            return;
        this.running?.cancel();
        this.running = undefined;
        this.place = place;
        this.conversation = undefined;
        this.turns = [];
        this.open();
        void this.ask('');
    }

    private open(): void {
        if (this.panel) {
            this.panel.reveal(undefined, true);
            this.showAll();
            return;
        }
        const roots = ['dist', 'media'].map(name => vscode.Uri.joinPath(this.extension, name));
        this.panel = vscode.window.createWebviewPanel(
            'gridls.answer', 'gridls: Explanation', { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
            { enableScripts: true, enableForms: false, enableCommandUris: false, localResourceRoots: roots });
        this.panel.iconPath = vscode.Uri.joinPath(this.extension, 'media', 'icon.png');
        this.panel.webview.onDidReceiveMessage((message: FromPage) => this.received(message));
        this.panel.onDidDispose(() => {
            this.running?.cancel();
            this.panel = undefined;
        });
        this.panel.webview.html = this.page(this.panel.webview);
    }

    /** The page may load its own script and style and nothing else, from nowhere. */
    private page(webview: vscode.Webview): string {
        const uri = (...names: string[]): string =>
            webview.asWebviewUri(vscode.Uri.joinPath(this.extension, ...names)).toString();
        const nonce = randomBytes(16).toString('base64');
        return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none';
 style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
<link rel="stylesheet" href="${uri('media', 'answer.css')}">
<title>gridls</title>
</head>
<body>
<header><button id="place" class="link" title="Show the code"></button></header>
<main id="answers"></main>
<footer>
<textarea id="question" rows="2" placeholder="Ask on… (Enter sends)" aria-label="A further question"></textarea>
<button id="stop" hidden>Stop</button>
</footer>
<script nonce="${nonce}" src="${uri('dist', 'page.js')}"></script>
</body>
</html>`;
    }

    private post(message: ToPage): void {
        void this.panel?.webview.postMessage(message);
    }

    private showAll(): void {
        if (this.place)
            this.post({ type: 'show', place: nameOf(this.place), turns: this.turns });
    }

    private received(message: FromPage): void {
        switch (message.type) {
        case 'ready':
            this.showAll(); // also when the view comes into sight again
            break;
        case 'ask':
            if (!this.running)
                void this.ask(message.question);
            break;
        case 'stop':
            this.running?.cancel();
            break;
        case 'open':
            void this.showCode(message.first, message.last);
            break;
        }
    }

    private params(client: Client, question: string): object {
        // A daemon that was started since knows nothing of it; then the question is about the code alone.
        if (this.conversation !== undefined && this.speaksWith === client)
            return { conversation: this.conversation, question };
        const { uri, range } = this.place!;
        return {
            textDocument: { uri: client.code2ProtocolConverter.asUri(uri) },
            range: client.code2ProtocolConverter.asRange(range),
            ...(question ? { question } : {}),
        };
    }

    private async ask(question: string): Promise<void> {
        const client = this.need();
        if (!client)
            return;
        const running = this.running = new vscode.CancellationTokenSource();
        const turn: Turn = { question, text: '', state: 'running', note: '' };
        this.turns.push(turn);
        this.post({ type: 'begin', turn });
        const isShown = (): boolean => this.running === running;
        let failed = false;
        try {
            // VS Code closes what is in no tab, and what is closed the daemon does not know.
            await vscode.workspace.openTextDocument(this.place!.uri);
            const result = await ask<Explanation>(client, 'gridls/explain', this.params(client, question),
                                                  running.token, {
                onText: text => {
                    turn.text += text;
                    if (isShown())
                        this.post({ type: 'append', text });
                },
                onReport: message => {
                    if (isShown())
                        this.post({ type: 'note', text: message });
                },
            });
            turn.note = NOTES[result.finishReason ?? ''] ?? '';
            if (isShown()) {
                this.conversation = result.conversation;
                this.speaksWith = client;
            }
        } catch (error) {
            const failure = failureOf(error);
            failed = failure !== undefined;
            turn.note = failure?.message ?? 'Stopped.';
        }
        turn.state = failed ? 'failed' : 'done';
        if (isShown()) {
            this.running = undefined;
            this.post({ type: 'end', state: turn.state, note: turn.note });
        }
    }

    /** Lines count from 1; without them, what was explained. */
    private async showCode(first?: number, last?: number): Promise<void> {
        const place = this.place;
        if (!place)
            return;
        const visible = vscode.window.visibleTextEditors.find(
            editor => editor.document.uri.toString() === place.uri.toString());
        const selection = first === undefined ? place.range
            : new vscode.Range(first - 1, 0, Math.max(first, last ?? first) - 1, Number.MAX_SAFE_INTEGER);
        await vscode.window.showTextDocument(place.uri, {
            viewColumn: visible?.viewColumn ?? vscode.ViewColumn.One, selection,
        });
    }
}
