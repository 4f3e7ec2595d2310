import * as vscode from 'vscode';
import { remembered } from './texts';

const NAME = 'gridls.instructions';

/**
 * Asks for an instruction; those that were given before are offered below what is typed. VS Code's list lags
 * behind the keys: what is typed has a row that is always there and comes first, so that Enter means all of it
 * however soon it comes, and never one of the others that would have fitted its beginning.
 */
export async function askInstruction(memory: vscode.Memento): Promise<string | undefined> {
    const before = memory.get<string[]>(NAME, []);
    const pick = vscode.window.createQuickPick();
    const typed: vscode.QuickPickItem = { label: '', alwaysShow: true };
    const given = before.map(label => ({ label, description: 'given before' }));
    const offer = (): void => {
        const text = pick.value.trim();
        typed.label = text || '$(edit) What is typed above';
        pick.items = [typed, ...given.filter(({ label }) => label !== text)];
    };
    pick.title = 'gridls: Refactor';
    pick.placeholder = 'What should become of it? Say: handle the errors';
    pick.ignoreFocusOut = true;
    offer();
    const instruction = await new Promise<string | undefined>(resolve => {
        pick.onDidChangeValue(offer);
        pick.onDidAccept(() => {
            const [active] = pick.activeItems;
            const text = (active?.description ? active.label : pick.value).trim();
            if (text)
                resolve(text);
        });
        pick.onDidHide(() => resolve(undefined));
        pick.show();
    });
    pick.dispose();
    if (instruction)
        await memory.update(NAME, remembered(before, instruction));
    return instruction;
}
