import * as vscode from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';
import { appearance, type Status } from './appearance';
import type { Client } from './client';
import { Commit } from './commit';
import { Daemon } from './daemon';
import { Explain } from './explain';
import { FirstSteps, openWalkthrough } from './first';
import { Ghost } from './ghost';
import { Key } from './key';
import { showMenu } from './menu';
import { say } from './messages';
import { Previews } from './preview';
import { Refactor } from './refactor';
import { daemonSettings } from './settings';
import { StatusItem } from './status';
import { Switches } from './switches';

let daemon: Daemon | undefined;

/** The names of all settings that package.json declares, without the section. */
function settingNames(context: vscode.ExtensionContext): string[] {
    const manifest = context.extension.packageJSON as
        { contributes: { configuration: { properties: Record<string, unknown> }[] } };
    return manifest.contributes.configuration
        .flatMap(group => Object.keys(group.properties)).map(name => name.slice('gridls.'.length));
}

function isEnabled(): boolean {
    return vscode.workspace.getConfiguration('gridls').get('enabled', true);
}

export async function activate(context: vscode.ExtensionContext): Promise<void> {
    const log = vscode.window.createOutputChannel('gridls', { log: true });
    const key = new Key(context.secrets);
    const switches = new Switches();
    const item = new StatusItem();
    const names = settingNames(context);
    let status: Status | undefined;

    await key.load();
    const settings = (): Record<string, unknown> => {
        const section = vscode.workspace.getConfiguration('gridls');
        return {
            ...daemonSettings(names, name => section.inspect(name), vscode.workspace.isTrusted),
            ...(key.text ? { api_key: key.text } : {}),
        };
    };
    const client = (): Client | undefined => daemon?.client;
    const need = (): Client | undefined => client() ?? tellThatItIsNotThere(started);
    const ghost = new Ghost(client, switches);
    const previews = new Previews();
    const refactor = new Refactor(context.globalState, previews, need);
    const settingsChanged = (): void => {
        void client()?.sendNotification('workspace/didChangeConfiguration', { settings: null })
            .catch(() => undefined);
    };
    const middleware: Middleware = {
        ...ghost.middleware,
        ...refactor.middleware,
        workspace: {
            configuration: params => params.items.map(() => settings()),
            // The daemon asks for them then; what the client would send holds defaults as well.
            didChangeConfiguration: async () => settingsChanged(),
        },
    };
    const firstSteps = new FirstSteps(context.globalState);
    const show = (): void => {
        const document = vscode.window.activeTextEditor?.document;
        item.show(started.state, status, !document || switches.isOn(document));
    };
    const started = daemon = new Daemon({
        log, middleware, options: settings, mask: text => key.mask(text),
        onRunning: running => {
            running.onNotification('gridls/status', (told: Status) => {
                status = told;
                show();
                firstSteps.heard(told, false);
            });
        },
    });
    const refresh = async (isStart = false): Promise<void> => {
        try {
            status = await client()?.sendRequest<Status>('gridls/status') ?? status;
            show();
            if (status)
                firstSteps.heard(status, isStart);
        } catch {
            // It is going down; its end is told elsewhere.
        }
    };
    const start = async (): Promise<void> => {
        status = undefined;
        await (isEnabled() ? started.start() : started.stop());
    };

    context.subscriptions.push(
        log, key, switches, item, ghost, previews, refactor, started,
        new Explain(context.extensionUri, need), new Commit(need),
        started.onDidChange(state => {
            void vscode.commands.executeCommand('setContext', 'gridls.running', state.name === 'running');
            show();
            if (state.name === 'missing')
                tellHowToGetIt(state.fault);
            else if (state.name === 'dead')
                tellThatItDies(log);
            else if (state.name === 'running')
                void refresh(true);
        }),
        switches.onDidChange(show),
        key.onDidChange(settingsChanged),
        vscode.window.onDidChangeActiveTextEditor(show),
        vscode.workspace.onDidGrantWorkspaceTrust(settingsChanged),
        vscode.workspace.onDidChangeConfiguration(event => {
            if (['enabled', 'path', 'arguments'].some(name => event.affectsConfiguration(`gridls.${name}`)))
                void start();
        }),
        vscode.commands.registerCommand('gridls.restart', start),
        vscode.commands.registerCommand('gridls.showLog', () => log.show(true)),
        vscode.commands.registerCommand('gridls.begin', openWalkthrough),
        vscode.commands.registerCommand('gridls.menu', async () => {
            await refresh();
            await showMenu(started.state, status, switches);
        }),
    );
    show();
    // Not awaited: commands are there at once, and say so where the daemon is not.
    void start();
}

/** Says why nothing can be asked of the daemon. */
function tellThatItIsNotThere(daemon: Daemon): undefined {
    if (daemon.state.name === 'missing')
        tellHowToGetIt(daemon.state.fault);
    else
        void say(appearance(daemon.state, undefined, true).tooltip);
}

function tellHowToGetIt(fault: string): void {
    const [how, path] = ['How to Get It', 'Set Its Path'];
    void say(`${fault} The extension needs it.`, how, path).then(button => {
        if (button === how)
            openWalkthrough();
        else if (button === path)
            void vscode.commands.executeCommand('workbench.action.openSettings', 'gridls.path');
    });
}

function tellThatItDies(log: vscode.LogOutputChannel): void {
    const [restart, show] = ['Restart', 'Show Log'];
    void say('The daemon keeps ending and is not started again.', restart, show).then(button => {
        if (button === restart)
            void vscode.commands.executeCommand('gridls.restart');
        else if (button === show)
            log.show(true);
    });
}

export async function deactivate(): Promise<void> {
    await daemon?.stop();
}
