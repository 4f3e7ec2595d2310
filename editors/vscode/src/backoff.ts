/** Waits in seconds before each new start of a daemon that has died; after the last it stays down. */
const WAITS = [1, 2, 4, 8, 16];
/** A daemon that has lived so long is not one that dies at its start. */
const HEALTHY_MS = 60_000;

/** Decides when a daemon that has died is started again, and when no more. */
export class Backoff {
    private failures = 0;
    private startedAt = 0;

    constructor(private readonly now: () => number = Date.now) {}

    started(): void {
        this.startedAt = this.now();
    }

    /** Milliseconds to wait before the next start; undefined: it has died too often. */
    next(): number | undefined {
        if (this.now() - this.startedAt >= HEALTHY_MS)
            this.failures = 0;
        const seconds = WAITS[this.failures++];
        return seconds === undefined ? undefined : seconds * 1000;
    }

    reset(): void {
        this.failures = 0;
    }
}
