// What all modules share that run within VS Code's extension host, beside the extension.

import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export async function until<T>(what: string, function_: () => T | Promise<T>): Promise<NonNullable<T>> {
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
        const value = await function_();
        if (value)
            return value;
    }
    throw new Error(`in vain: ${what} (${daemons().join()})`);
}

/** The processes called gridls that this extension host has started. */
export function daemons(): number[] {
    return fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
        try {
            const [, name, parent] = /\((.*)\) \S (\d+)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
            return name === 'gridls' && Number(parent) === process.pid;
        } catch {
            return false; // it has just ended
        }
    });
}

export const one = (not?: number): Promise<number> =>
    until('one daemon', () => daemons().length === 1 && daemons()[0] !== not && daemons()[0]);

/** Runs the tests one after the other; the first that fails ends it. */
export async function runAll(tests: Record<string, () => Promise<void>>): Promise<void> {
    for (const [name, test] of Object.entries(tests)) {
        try {
            await test();
        } catch (error) {
            throw new Error(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
        }
    }
}
