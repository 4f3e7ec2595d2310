import * as vscode from 'vscode';
import { appearance, type Status } from './appearance';
import type { DaemonState } from './daemon';
import type { Switches } from './switches';

interface Entry extends vscode.QuickPickItem {
    run?: () => unknown;
}

function entry(icon: string, label: string, run: () => unknown): Entry {
    return { label: `$(${icon}) ${label}`, run };
}

function command(icon: string, label: string, name: string, ...args: unknown[]): Entry {
    return entry(icon, label, () => vscode.commands.executeCommand(name, ...args));
}

function languageOf(document: vscode.TextDocument, switches: Switches): Entry {
    const on = switches.hasLanguage(document.languageId);
    return entry(on ? 'circle-slash' : 'sparkle',
                 `${on ? 'No Suggestions' : 'Suggestions'} in All "${document.languageId}" Files`,
                 () => switches.toggleLanguage(document.languageId));
}

function documentOf(document: vscode.TextDocument, switches: Switches): Entry {
    const on = switches.hasDocument(document);
    return entry(on ? 'circle-slash' : 'sparkle', `${on ? 'No Suggestions' : 'Suggestions'} in This File`,
                 () => switches.toggleDocument(document));
}

/** What a click on the status bar item offers. */
export async function showMenu(daemon: DaemonState, status: Status | undefined,
                               switches: Switches): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    const isOff = daemon.name === 'off';
    const setKey = command('key', 'Set the API Key…', 'gridls.setApiKey');
    const isFirst = status?.state === 'unconfigured';
    const entries: Entry[] = [
        ...(isFirst ? [setKey] : []),
        ...(document ? [documentOf(document, switches), languageOf(document, switches)] : []),
        entry(isOff ? 'sparkle' : 'circle-slash', isOff ? 'Turn gridls On' : 'Turn gridls Off',
              () => vscode.workspace.getConfiguration('gridls')
                  .update('enabled', isOff, vscode.ConfigurationTarget.Global)),
        ...(isFirst ? [] : [setKey]),
        command('book', 'How to Begin', 'gridls.begin'),
        command('gear', 'Settings', 'workbench.action.openSettings', '@ext:gridls.gridls'),
        command('output', 'Show Log', 'gridls.showLog'),
        command('debug-restart', 'Restart', 'gridls.restart'),
    ];
    const { tooltip } = appearance(daemon, status, !document || switches.isOn(document));
    const chosen = await vscode.window.showQuickPick(entries, {
        title: 'gridls', placeHolder: tooltip.replace(/\n/g, ' '),
    });
    await chosen?.run?.();
}
