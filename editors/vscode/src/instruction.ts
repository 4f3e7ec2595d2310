import * as vscode from 'vscode';
import { remembered } from './texts';

const NAME = 'gridls.instructions';

/** Asks for an instruction; those that were given before are offered. */
export async function askInstruction(memory: vscode.Memento): Promise<string | undefined> {
    const before = memory.get<string[]>(NAME, []);
    const pick = vscode.window.createQuickPick();
    const offer = (): void => {
        const typed = pick.value.trim();
        pick.items = [
            ...(typed && !before.includes(typed) ? [{ label: typed, alwaysShow: true }] : []),
            ...before.map(label => ({ label, description: 'given before' })),
        ];
    };
    pick.title = 'gridls: Refactor';
    pick.placeholder = 'What should become of it? Say: handle the errors';
    pick.ignoreFocusOut = true;
    offer();
    const instruction = await new Promise<string | undefined>(resolve => {
        pick.onDidChangeValue(offer);
        pick.onDidAccept(() => resolve((pick.activeItems[0]?.label ?? pick.value).trim()));
        pick.onDidHide(() => resolve(undefined));
        pick.show();
    });
    pick.dispose();
    if (instruction)
        await memory.update(NAME, remembered(before, instruction));
    return instruction || undefined;
}
