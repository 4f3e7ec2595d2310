import * as vscode from 'vscode';

const NAME = 'gridls.apiKey';

/** The key in VS Code's secret storage, which the system's keyring guards. It stands in no setting. */
export class Key implements vscode.Disposable {
    private value: string | undefined;
    private readonly changes = new vscode.EventEmitter<void>();
    private readonly disposables: vscode.Disposable[];

    readonly onDidChange = this.changes.event;

    constructor(private readonly secrets: vscode.SecretStorage) {
        this.disposables = [
            secrets.onDidChange(async event => {
                if (event.key !== NAME)
                    return;
                await this.load();
                this.changes.fire();
            }),
            vscode.commands.registerCommand('gridls.setApiKey', () => this.ask()),
            vscode.commands.registerCommand('gridls.removeApiKey', () => secrets.delete(NAME)),
        ];
    }

    dispose(): void {
        this.disposables.forEach(disposable => disposable.dispose());
        this.changes.dispose();
    }

    get text(): string | undefined {
        return this.value;
    }

    /** The text without the key, for logs. */
    mask(text: string): string {
        return this.value ? text.replaceAll(this.value, '…') : text;
    }

    async load(): Promise<void> {
        try {
            this.value = await this.secrets.get(NAME);
        } catch {
            this.value = undefined; // no keyring
        }
    }

    private async ask(): Promise<void> {
        const key = await vscode.window.showInputBox({
            title: 'gridls: API Key',
            prompt: 'Kept in VS Code\'s secret storage, and sent to the base URL that is set and nowhere else.',
            password: true,
            ignoreFocusOut: true,
            validateInput: text => /[\s\p{C}]/u.test(text.trim()) ? 'A key has no spaces in it.' : undefined,
        });
        if (key?.trim())
            await this.secrets.store(NAME, key.trim());
    }
}
