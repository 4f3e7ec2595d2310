// An upstream and a gateway in front of it that nobody of gridls wrote: @copilotkit/aimock, which
// checks keys and answers by the model's name, and @musistudio/llms, which passes on what it says.
//
//     node upstreams.mjs
//
// Prints one line of JSON with both base URLs, and ends with its input. Through the gateway a model
// is called `mock,NAME`, or `locked,NAME`: then the gateway itself comes with a wrong key.
import { LLMock } from '@copilotkit/aimock';
import { createRequire } from 'node:module';

const { default: Gateway } = createRequire(import.meta.url)('@musistudio/llms');

export const KEY = 'key-for-aimock';
const HELLO = 'It adds two numbers: "a" and "b". Größer, 大きい, 😀.';
const REWRITE = '```c\nint add(int a, int b)\n{\n    return a + b;\n}\n```';

// Each name is a model: what is answered, and how.
const answers = {
    plain: [{ content: HELLO, usage: { prompt_tokens: 11, completion_tokens: 22 } }],
    slow: [{ content: HELLO.repeat(20) }, { latency: 5, chunkSize: 7 }],
    rewrite: [{ content: REWRITE }, { chunkSize: 3 }],
    complete: [{ content: ' a + b;' }, { chunkSize: 2 }],
    commit: [{ content: 'Add a sum\n\nIt is needed.' }],
    thinks: [{ content: HELLO, reasoning: 'SECRET-THOUGHT' }],
    short: [{ content: 'It adds', finishReason: 'length' }],
    filtered: [{ content: '', finishReason: 'content_filter' }],
    'text-and-tools': [{ content: HELLO, toolCalls: [{ name: 'f', arguments: '{}' }] }],
    missing: [{ error: { message: 'No model of that name', type: 'invalid_request_error',
                         code: 'model_not_found' }, status: 404 }],
    limited: [{ error: { message: 'Slow down', type: 'rate_limit_error' }, status: 429,
                retryAfter: 7 }],
    broke: [{ error: { message: 'No balance', type: 'billing' }, status: 402 }],
    down: [{ content: HELLO }, { chaos: { dropRate: 1 } }],
    malformed: [{ content: HELLO }, { chaos: { malformedRate: 1 } }],
    hangup: [{ content: HELLO }, { chaos: { disconnectRate: 1 } }],
    cut: [{ content: HELLO.repeat(40) }, { latency: 20, chunkSize: 7, disconnectAfterMs: 150 }],
};

const mock = new LLMock({ port: 0, host: '127.0.0.1', auth: { apiKeys: [KEY] } });
mock.on({ model: 'busy', sequenceIndex: 0 },
        { error: { message: 'Slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 1 });
mock.on({ model: 'busy' }, { content: HELLO });
// Looks at a file first, twice; the last result is part of what it says in the end.
mock.on({ model: 'looks', sequenceIndex: 0 },
        { toolCalls: [{ name: 'list_files', arguments: '{}' },
                      { name: 'read_file', arguments: '{"path":"b.c"}' }] });
mock.on({ model: 'looks', sequenceIndex: 1 },
        { content: 'I look again.',
          toolCalls: [{ name: 'search_text', arguments: '{"text":"twice"}' }] });
mock.on({ model: 'looks' }, { content: HELLO });
// A model that reads a file before it answers; it wants to have read it.
mock.on({ model: 'reads', toolResultContains: 'NEEDLE' }, { content: HELLO });
mock.on({ model: 'reads', hasToolResult: false }, {
    content: 'Let me look.',
    toolCalls: [{ id: 'call_1', name: 'read_file', arguments: '{"path":"b.h"}' }],
});
mock.on({ model: 'reads-on' }, { toolCalls: [{ name: 'read_file', arguments: '{"path":"b.h"}' }] });
for (const [model, [response, how]] of Object.entries(answers))
    mock.on({ model }, response, how);
await mock.start();

const models = [...Object.keys(answers), 'busy', 'looks', 'reads', 'reads-on', 'unheard-of'];
const provider = (name, api_key) => (
    { name, api_key, models, api_base_url: `${mock.url}/v1/chat/completions` });
const gateway = new Gateway({
    initialConfig: { HOST: '127.0.0.1', PORT: '0',
                     providers: [provider('mock', KEY), provider('locked', 'no-such-key')] },
    useEnvFile: false, useJsonFile: false, logger: false,
});
const log = console.log;
console.log = () => {};  // The gateway talks on it.
await gateway.start();

const { port } = gateway.app.server.address();
log(JSON.stringify({ mock: `${mock.url}/v1`, gateway: `http://127.0.0.1:${port}/v1`,
                     key: KEY, text: HELLO }));
process.stdin.resume().on('end', () => process.exit(0));
