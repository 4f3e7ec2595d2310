import type * as vscode from 'vscode';
import { ProgressType } from 'vscode-languageclient/node';
import type { Client } from './client';

/** What all results of the daemon's own requests have in common. */
export interface Result {
    text?: string;
    finishReason: string | null;
}

interface Progress {
    kind: string;
    text?: string;
    message?: string;
}

export interface Listener {
    /** A piece of the answer, to be appended. */
    onText?(text: string): void;
    /** What is being waited for. */
    onReport?(message: string): void;
}

const progress = new ProgressType<Progress>();
let tokens = 0;

/** Sends one of the daemon's own requests and passes on what it tells before its end. */
export async function ask<R extends Result>(client: Client, method: string, params: object,
                                            token: vscode.CancellationToken, listener: Listener): Promise<R> {
    const workDoneToken = `work-${++tokens}`;
    const partialResultToken = `text-${tokens}`;
    const listeners = [
        client.onProgress(progress, workDoneToken, value => {
            if (value.kind === 'report' && value.message)
                listener.onReport?.(value.message);
        }),
        client.onProgress(progress, partialResultToken, value => {
            if (value.kind === 'partial' && value.text)
                listener.onText?.(value.text);
        }),
    ];
    try {
        const result = await client.sendRequest<R>(
            method, { ...params, workDoneToken, partialResultToken }, token);
        if (result.text)
            listener.onText?.(result.text);
        return result;
    } finally {
        listeners.forEach(one => one.dispose());
    }
}
