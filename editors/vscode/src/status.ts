import * as vscode from 'vscode';
import { appearance, type Status } from './appearance';
import type { DaemonState } from './daemon';

/** The item in the status bar. */
export class StatusItem implements vscode.Disposable {
    private readonly item = vscode.window.createStatusBarItem('gridls', vscode.StatusBarAlignment.Right, 90);

    constructor() {
        this.item.name = 'gridls';
        this.item.command = 'gridls.menu';
        this.item.show();
    }

    dispose(): void {
        this.item.dispose();
    }

    show(daemon: DaemonState, status: Status | undefined, isOnHere: boolean): void {
        const { text, tooltip, isWarning } = appearance(daemon, status, isOnHere);
        this.item.text = text;
        this.item.tooltip = tooltip;
        this.item.accessibilityInformation = { label: `gridls: ${tooltip}` };
        this.item.backgroundColor =
            isWarning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    }
}
