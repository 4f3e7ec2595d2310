import * as path from 'node:path';

export interface System {
    /** The value of PATH. */
    path: string;
    home: string;
    isExecutable(file: string): boolean;
}

export type Found = { file: string } | { fault: string };

/**
 * Finds the daemon's executable. `setting` is an absolute path, one that begins with `~/`, or a name that
 * is looked for on PATH. Nothing relative is followed: it would name a file of the folder that happens
 * to be open.
 */
export function findExecutable(setting: string, system: System): Found {
    const name = setting.trim() || 'gridls';
    if (name.startsWith('~/') || path.isAbsolute(name)) {
        const file = name.startsWith('~/') ? path.join(system.home, name.slice(2)) : name;
        return system.isExecutable(file) ? { file } :
            { fault: `There is no executable file ${file}, which the setting gridls.path names.` };
    }
    if (name.includes('/') || name.includes(path.sep))
        return { fault: `The setting gridls.path must be an absolute path or a plain name, not ${name}.` };
    for (const folder of system.path.split(path.delimiter)) {
        const file = path.join(folder, name);
        if (path.isAbsolute(folder) && system.isExecutable(file))
            return { file };
    }
    return { fault: `The program ${name} is not on the PATH.` };
}
