import * as vscode from 'vscode';

const LANGUAGES = 'disabledLanguages';

/** Where suggestions come by themselves: off for a document until it is closed, for a language, or wholly. */
export class Switches implements vscode.Disposable {
    private readonly documents = new Set<string>();
    private readonly changes = new vscode.EventEmitter<void>();
    private readonly disposables: vscode.Disposable[];

    readonly onDidChange = this.changes.event;

    constructor() {
        this.disposables = [
            vscode.workspace.onDidCloseTextDocument(document => {
                this.documents.delete(document.uri.toString());
            }),
            vscode.workspace.onDidChangeConfiguration(event => {
                if (event.affectsConfiguration(`gridls.${LANGUAGES}`))
                    this.changes.fire();
            }),
        ];
    }

    dispose(): void {
        this.disposables.forEach(disposable => disposable.dispose());
        this.changes.dispose();
    }

    hasDocument(document: vscode.TextDocument): boolean {
        return !this.documents.has(document.uri.toString());
    }

    hasLanguage(languageId: string): boolean {
        return !this.languages().includes(languageId);
    }

    isOn(document: vscode.TextDocument): boolean {
        return this.hasDocument(document) && this.hasLanguage(document.languageId);
    }

    toggleDocument(document: vscode.TextDocument): void {
        const uri = document.uri.toString();
        if (!this.documents.delete(uri))
            this.documents.add(uri);
        this.changes.fire();
    }

    async toggleLanguage(languageId: string): Promise<void> {
        const languages = this.languages().filter(language => language !== languageId);
        if (this.hasLanguage(languageId))
            languages.push(languageId);
        await vscode.workspace.getConfiguration('gridls')
            .update(LANGUAGES, languages, vscode.ConfigurationTarget.Global);
    }

    private languages(): string[] {
        return vscode.workspace.getConfiguration('gridls').get<string[]>(LANGUAGES, []);
    }
}
