import * as vscode from 'vscode';

/** What is used of the interface that the Git extension gives to others (its version 1). */
export interface Repository {
    rootUri: vscode.Uri;
    inputBox: { value: string };
}

interface Api {
    repositories: Repository[];
    getRepository(uri: vscode.Uri): Repository | null;
}

interface GitExtension {
    enabled: boolean;
    getAPI(version: 1): Api;
}

async function api(): Promise<Api | undefined> {
    const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
    const git = await extension?.activate();
    return git?.enabled ? git.getAPI(1) : undefined;
}

/** The repository whose title was clicked, else that of the active editor, else one that a person picks. */
export async function findRepository(clicked: unknown): Promise<Repository | undefined> {
    const git = await api();
    if (!git)
        return undefined;
    const root = (clicked as Partial<vscode.SourceControl> | undefined)?.rootUri;
    const uri = root ?? vscode.window.activeTextEditor?.document.uri;
    const found = git.repositories.find(one => one.rootUri.toString() === uri?.toString()) ??
        (uri ? git.getRepository(uri) : null);
    if (found || git.repositories.length < 2)
        return found ?? git.repositories[0];
    const picked = await vscode.window.showQuickPick(
        git.repositories.map(repository => ({ label: repository.rootUri.fsPath, repository })),
        { title: 'gridls: Write the Commit Message', placeHolder: 'For which repository?' });
    return picked?.repository;
}
