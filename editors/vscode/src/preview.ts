import * as path from 'node:path';
import * as vscode from 'vscode';
import { applied, hunkAt, inNewText, shifted, type Hunk } from './hunks';
import { say } from './messages';

const SCHEME = 'gridls-preview';

interface Proposal {
    document: vscode.TextDocument;
    preview: vscode.Uri;
    hunks: Hunk[];
}

function isPreview(tab: vscode.Tab, uri?: vscode.Uri): boolean {
    return tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === SCHEME &&
        (!uri || tab.input.modified.toString() === uri.toString());
}

/**
 * Rewrites that wait for a decision, each as a diff of the document with what would become of it. What is
 * accepted at once is one undo step. The document may change meanwhile: a rewrite moves with it, and what
 * is changed underneath drops out.
 */
export class Previews implements vscode.TextDocumentContentProvider, vscode.Disposable {
    private proposals: Proposal[] = [];
    private count = 0;
    private readonly changes = new vscode.EventEmitter<vscode.Uri>();
    private readonly disposables: vscode.Disposable[];

    readonly onDidChange = this.changes.event;

    constructor() {
        const command = (name: string, run: (proposal: Proposal, hunks: Hunk[]) => unknown,
                         isAll: boolean): vscode.Disposable =>
            vscode.commands.registerCommand(name, () => {
                const found = this.atCursor();
                if (found)
                    return run(found.proposal, isAll ? found.proposal.hunks : found.hunk ? [found.hunk] : []);
                return undefined;
            });
        const accept = (proposal: Proposal, hunks: Hunk[]): unknown => this.accept(proposal, hunks);
        const reject = (proposal: Proposal, hunks: Hunk[]): unknown => this.reject(proposal, hunks);
        this.disposables = [
            vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
            vscode.workspace.onDidChangeTextDocument(event => this.changed(event)),
            vscode.workspace.onDidCloseTextDocument(document => this.drop(
                proposal => proposal.document === document)),
            vscode.window.tabGroups.onDidChangeTabs(() => this.forgetClosed()),
            command('gridls.acceptAll', accept, true),
            command('gridls.acceptHunk', accept, false),
            command('gridls.rejectAll', reject, true),
            command('gridls.rejectHunk', reject, false),
        ];
    }

    dispose(): void {
        this.drop(() => true);
        this.disposables.forEach(disposable => disposable.dispose());
        this.changes.dispose();
    }

    provideTextDocumentContent(uri: vscode.Uri): string {
        const proposal = this.proposals.find(one => one.preview.toString() === uri.toString());
        return proposal ? applied(proposal.document.getText(), proposal.hunks) : '';
    }

    /** Shows what would become of the document. The edits are of its text as it is now. */
    async show(document: vscode.TextDocument, edits: readonly vscode.TextEdit[], title: string): Promise<void> {
        const hunks = edits.map(edit => ({
            start: document.offsetAt(edit.range.start), end: document.offsetAt(edit.range.end), text: edit.newText,
        })).sort((a, b) => a.start - b.start);
        const preview = document.uri.with({ scheme: SCHEME, authority: '', query: String(++this.count) });
        const proposal = { document, preview, hunks };
        this.drop(other => other.document === document);
        this.proposals.push(proposal);
        const first = document.positionAt(hunks[0]?.start ?? 0);
        await vscode.commands.executeCommand('vscode.diff', document.uri, preview,
                                             `${path.posix.basename(document.uri.path)}: ${title}`,
                                             { preview: false, selection: new vscode.Range(first, first) });
    }

    /** The proposal in sight, and the hunk that the cursor means in either of its texts. */
    private atCursor(): { proposal: Proposal; hunk: Hunk | undefined } | undefined {
        const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
        const proposal = this.proposals.find(one => tab && isPreview(tab, one.preview));
        if (!proposal)
            return undefined;
        const editor = vscode.window.activeTextEditor;
        const isNew = editor?.document.uri.scheme === SCHEME;
        const line = editor ? editor.selection.active.with(undefined, 0) : new vscode.Position(0, 0);
        const start = (editor?.document ?? proposal.document).offsetAt(line);
        return { proposal, hunk: hunkAt(proposal.hunks, start, isNew) };
    }

    private async accept(proposal: Proposal, hunks: Hunk[]): Promise<void> {
        const { document } = proposal;
        const edit = new vscode.WorkspaceEdit();
        for (const hunk of hunks)
            edit.replace(document.uri, new vscode.Range(document.positionAt(hunk.start),
                                                        document.positionAt(hunk.end)), hunk.text);
        const rest = proposal.hunks.filter(hunk => !hunks.includes(hunk));
        proposal.hunks = rest;
        if (!await vscode.workspace.applyEdit(edit)) {
            void say('VS Code did not take the change.');
            return;
        }
        await this.goOn(proposal);
    }

    private async reject(proposal: Proposal, hunks: Hunk[]): Promise<void> {
        proposal.hunks = proposal.hunks.filter(hunk => !hunks.includes(hunk));
        await this.goOn(proposal);
    }

    /** After a decision: shows the next hunk, or closes the diff where nothing is left. */
    private async goOn(proposal: Proposal): Promise<void> {
        const next = proposal.hunks[0];
        if (!next) {
            this.drop(one => one === proposal);
            await vscode.window.showTextDocument(proposal.document);
            return;
        }
        this.changes.fire(proposal.preview);
        const editor = vscode.window.activeTextEditor;
        if (!editor)
            return;
        const isNew = editor.document.uri.scheme === SCHEME;
        const at = editor.document.positionAt(isNew ? inNewText(proposal.hunks, next).start : next.start);
        editor.selection = new vscode.Selection(at, at);
        editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }

    private changed(event: vscode.TextDocumentChangeEvent): void {
        for (const proposal of this.proposals) {
            if (proposal.document !== event.document)
                continue;
            // All are of the text before the event, so the last in the text comes first.
            const changes = [...event.contentChanges].sort((a, b) => b.rangeOffset - a.rangeOffset);
            const before = proposal.hunks.length;
            for (const { rangeOffset, rangeLength, text } of changes)
                proposal.hunks = shifted(proposal.hunks, { offset: rangeOffset, length: rangeLength, text });
            if (before > 0 && proposal.hunks.length === 0)
                this.drop(one => one === proposal);
            else
                this.changes.fire(proposal.preview);
        }
    }

    private forgetClosed(): void {
        const tabs = vscode.window.tabGroups.all.flatMap(group => group.tabs);
        this.proposals = this.proposals.filter(
            proposal => proposal.hunks.length > 0 && tabs.some(tab => isPreview(tab, proposal.preview)));
    }

    private drop(which: (proposal: Proposal) => boolean): void {
        const dropped = this.proposals.filter(which);
        this.proposals = this.proposals.filter(proposal => !which(proposal));
        const tabs = vscode.window.tabGroups.all.flatMap(group => group.tabs)
            .filter(tab => dropped.some(proposal => isPreview(tab, proposal.preview)));
        if (tabs.length)
            void vscode.window.tabGroups.close(tabs, true);
    }
}
