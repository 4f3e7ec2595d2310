import * as vscode from 'vscode';
import type { Status } from './appearance';
import { say } from './messages';

const TOLD = 'gridls.hasToldOfTheKey';

export function openWalkthrough(): void {
    void vscode.commands.executeCommand('workbench.action.openWalkthrough', 'gridls.gridls#start', false);
}

/**
 * Says once that a key is missing when the daemon starts, and no more in any window until there has been one:
 * from then on the status bar tells, and what is asked for. A key that is refused later is told the same way.
 */
export class FirstSteps {
    constructor(private readonly memory: vscode.Memento) {}

    heard(status: Status, isStart: boolean): void {
        const isMissing = status.state === 'unconfigured';
        if (this.memory.get(TOLD, false) === isMissing || (isMissing && !isStart))
            return;
        void this.memory.update(TOLD, isMissing);
        if (isMissing)
            void this.tell(status.message);
    }

    private async tell(message: string): Promise<void> {
        const [set, how] = ['Set the API Key', 'How to Begin'];
        const button = await say(message, set, how);
        if (button === set)
            void vscode.commands.executeCommand('gridls.setApiKey');
        else if (button === how)
            openWalkthrough();
    }
}
