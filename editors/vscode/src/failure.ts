/** What the daemon tells of a request that failed: a sentence, and what to do next. */
export interface Failure {
    message: string;
    kind?: string;
}

const CANCELLED = [-32800, -32802];

function member(value: unknown, name: string): unknown {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Undefined where there is nothing to tell: the person has cancelled, or the daemon went away. */
export function failureOf(error: unknown): Failure | undefined {
    const code = member(error, 'code');
    if (member(error, 'name') === 'Canceled' || CANCELLED.includes(code as number))
        return undefined;
    const data = member(error, 'data');
    const hint = member(data, 'hint');
    const kind = member(data, 'kind');
    const message = member(error, 'message');
    const sentences = [typeof message === 'string' && message ? message : String(error)];
    if (typeof hint === 'string' && hint && !sentences[0]!.includes(hint))
        sentences.push(hint);
    return { message: sentences.join(' '), kind: typeof kind === 'string' ? kind : undefined };
}

/** Whether a key, or another one, would help. */
export function wantsKey(failure: Failure): boolean {
    return failure.kind === 'unconfigured' || failure.kind === 'unauthorized';
}
