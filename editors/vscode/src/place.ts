import * as path from 'node:path';
import * as vscode from 'vscode';

/** Lines of a document, as a request is about them. Lines count from 0. */
export interface Place {
    uri: vscode.Uri;
    range: vscode.Range;
}

/** What the daemon gives as the argument of its commands. */
export interface CommandParams {
    textDocument: { uri: string };
    range?: { start: { line: number; character: number }; end: { line: number; character: number } };
}

/** The place that a command is given, else what is selected, else the cursor's line; undefined without an editor. */
export function placeOf(params: unknown): Place | undefined {
    const given = params as Partial<CommandParams> | undefined;
    if (given?.textDocument && given.range) {
        const { start, end } = given.range;
        return {
            uri: vscode.Uri.parse(given.textDocument.uri),
            range: new vscode.Range(start.line, start.character, end.line, end.character),
        };
    }
    const editor = vscode.window.activeTextEditor;
    return editor ? { uri: editor.document.uri, range: editor.selection } : undefined;
}

/** The last line of the range: one that ends at a line's beginning does not take that line in. */
export function lastLine(range: vscode.Range): number {
    return range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
}

/** "a.c:3-9" */
export function nameOf(place: Place): string {
    const first = place.range.start.line + 1;
    const last = lastLine(place.range) + 1;
    return `${path.posix.basename(place.uri.path)}:${first}${last > first ? `-${last}` : ''}`;
}
