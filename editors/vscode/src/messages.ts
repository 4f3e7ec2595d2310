import * as vscode from 'vscode';
import { failureOf, wantsKey } from './failure';

const shown = new Set<string>();

/** One quiet message; the same one is not shown twice at a time. Returns the button that was chosen. */
export async function say(message: string, ...buttons: string[]): Promise<string | undefined> {
    if (shown.has(message))
        return undefined;
    shown.add(message);
    try {
        return await vscode.window.showWarningMessage(`gridls: ${message}`, ...buttons);
    } finally {
        shown.delete(message);
    }
}

/** Tells why something that a person asked for has failed. */
export function tell(error: unknown): void {
    const failure = failureOf(error);
    if (!failure)
        return;
    const setKey = 'Set the API Key';
    void say(failure.message, ...(wantsKey(failure) ? [setKey] : [])).then(button => {
        if (button === setKey)
            void vscode.commands.executeCommand('gridls.setApiKey');
    });
}
