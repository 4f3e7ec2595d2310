/** A change of a text that waits for a decision: the bytes from `start` to `end` become `text`. */
export interface Hunk {
    start: number;
    end: number;
    text: string;
}

/** One change that somebody makes to the text meanwhile. */
export interface Change {
    offset: number;
    length: number;
    text: string;
}

/** The text with all hunks in it. They are in order and do not overlap. */
export function applied(text: string, hunks: readonly Hunk[]): string {
    let result = '';
    let from = 0;
    for (const hunk of hunks) {
        result += text.slice(from, hunk.start) + hunk.text;
        from = hunk.end;
    }
    return result + text.slice(from);
}

/** The hunks as they are after the change; those that it touches are gone, as they no longer fit. */
export function shifted(hunks: readonly Hunk[], change: Change): Hunk[] {
    const end = change.offset + change.length;
    const by = change.text.length - change.length;
    return hunks.flatMap(hunk => {
        if (hunk.end < change.offset || (hunk.end === change.offset && hunk.end > hunk.start))
            return [hunk];
        if (hunk.start > end || (hunk.start === end && (hunk.end > hunk.start || change.length > 0)))
            return [{ ...hunk, start: hunk.start + by, end: hunk.end + by }];
        return [];
    });
}

/** Where the hunk stands in the text that `applied` gives. */
export function inNewText(hunks: readonly Hunk[], hunk: Hunk): { start: number; end: number } {
    let by = 0;
    for (const before of hunks) {
        if (before === hunk)
            break;
        by += before.text.length - (before.end - before.start);
    }
    return { start: hunk.start + by, end: hunk.start + by + hunk.text.length };
}

/**
 * The hunk that a line means, which begins at `start` in the new text or the old: the one it lies in, else the
 * next below, else the last.
 */
export function hunkAt(hunks: readonly Hunk[], start: number, isNew: boolean): Hunk | undefined {
    return hunks.find(hunk => {
        const at = isNew ? inNewText(hunks, hunk) : hunk;
        // What ends at the line's beginning lies above it, unless it is empty and so lies there.
        return at.end > start || (at.end === start && at.start === at.end);
    }) ?? hunks.at(-1);
}
