// A Chat Completions server whose answers the test speaks, piece by piece.

import { once } from 'node:events';
import http from 'node:http';

/** One request of the daemon's, waiting for what the test has it hear. */
class Call {
    constructor(body, response) {
        this.body = body;
        this.model = body.model;
        this.response = response;
        this.closed = once(response, 'close');
    }

    /** All that the model was told, as one text. */
    get prompt() {
        return this.body.messages.map(message => message.content).join('\n');
    }

    event(value) {
        if (!this.response.headersSent)
            this.response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        this.response.write(`data: ${JSON.stringify(value)}\n\n`);
    }

    send(text, index = 0) {
        this.event({ choices: [{ index, delta: { content: text }, finish_reason: null }] });
        return this;
    }

    finish() {
        for (let index = 0; index < (this.body.n ?? 1); index++)
            this.event({ choices: [{ index, delta: {}, finish_reason: 'stop' }] });
        this.event({ choices: [], usage: { prompt_tokens: 40, completion_tokens: 2, total_tokens: 42 } });
        this.response.end('data: [DONE]\n\n');
    }

    fail(status, message) {
        this.response.writeHead(status, { 'Content-Type': 'application/json' });
        this.response.end(JSON.stringify({ error: { message } }));
    }
}

export class Upstream {
    #waiting = [];
    #unclaimed = [];

    /** Answers completions by themselves unless a test wants them. */
    completion = '';
    keys = new Set();

    static async start() {
        const upstream = new Upstream();
        upstream.server = http.createServer((request, response) => void upstream.#take(request, response));
        upstream.server.listen(0, '127.0.0.1');
        await once(upstream.server, 'listening');
        upstream.url = `http://127.0.0.1:${upstream.server.address().port}/v1`;
        return upstream;
    }

    /** The daemon's settings that bring it here. */
    get settings() {
        return {
            base_url: this.url, api_key: 'key-of-the-test', completion: { debounce_ms: 0, ahead: false },
            instruments: { completion: 'completion', explain: 'explain', refactor: 'refactor', commit: 'commit' },
        };
    }

    async #take(request, response) {
        if (request.method !== 'POST') {
            response.writeHead(200, { 'Content-Type': 'application/json' });
            response.end('{"object":"list","data":[]}');
            return;
        }
        let text = '';
        for await (const piece of request.setEncoding('utf8'))
            text += piece;
        const call = new Call(JSON.parse(text), response);
        call.key = request.headers.authorization?.replace(/^Bearer /, '');
        this.keys.add(call.key);
        const index = this.#waiting.findIndex(({ model }) => model === call.model);
        if (index >= 0)
            this.#waiting.splice(index, 1)[0].resolve(call);
        else if (call.model === 'completion')
            call.send(this.completion).finish();
        else
            this.#unclaimed.push(call);
    }

    /** The next request to the model, which is a task's name: completion, explain, refactor or commit. */
    next(model) {
        const index = this.#unclaimed.findIndex(call => call.model === model);
        if (index >= 0)
            return Promise.resolve(this.#unclaimed.splice(index, 1)[0]);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`no request to ${model} came`)), 30_000);
            this.#waiting.push({ model, resolve: call => { clearTimeout(timer); resolve(call); } });
        });
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
        await once(this.server, 'close');
    }
}
