// For node's test runner: one line for each test, and the sums, as all of tests/ prints them.

export default async function* report(events) {
    let passed = 0, failed = 0, skipped = 0;
    for await (const { type, data } of events) {
        if (type === 'test:fail' && data.details.type !== 'suite') {
            failed++;
            yield `FAIL ${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
            const error = data.details.error?.cause ?? data.details.error;
            for (const line of String(error?.stack ?? error).split('\n').slice(0, 30))
                yield `     ${line}\n`;
        } else if (type === 'test:pass' && data.details.type !== 'suite') {
            if (data.skip !== undefined) {
                skipped++;
                yield `skip ${data.name}: ${data.skip}\n`;
                continue;
            }
            passed++;
            yield `ok   ${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
        } else if (type === 'test:stderr') {
            yield data.message;
        }
    }
    yield `${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
