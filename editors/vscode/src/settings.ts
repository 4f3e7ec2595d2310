/** What VS Code's `inspect` tells of one setting, as far as it matters here. */
export interface Inspected {
    globalValue?: unknown;
    workspaceValue?: unknown;
}

/** Settings of the extension itself, of which the daemon knows nothing. */
export const OWN = ['enabled', 'path', 'arguments', 'disabledLanguages'];

/**
 * The settings that a person has set, as the object that the daemon takes. Defaults are left out: they
 * would hide what stands in the daemon's own settings file. What a workspace says counts only where it
 * is trusted.
 */
export function daemonSettings(names: readonly string[], inspect: (name: string) => Inspected | undefined,
                               isTrusted: boolean): Record<string, unknown> {
    const settings: Record<string, unknown> = {};
    for (const name of names) {
        if (OWN.includes(name))
            continue;
        const found = inspect(name);
        const value = (isTrusted ? found?.workspaceValue : undefined) ?? found?.globalValue;
        if (value !== undefined && value !== null)
            put(settings, name.split('.'), value);
    }
    return settings;
}

function put(object: Record<string, unknown>, path: string[], value: unknown): void {
    const [first, ...rest] = path as [string, ...string[]];
    if (rest.length === 0) {
        object[first] = value;
        return;
    }
    object[first] ??= {};
    put(object[first] as Record<string, unknown>, rest, value);
}
