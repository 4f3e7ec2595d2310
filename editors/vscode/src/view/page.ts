import { parse, type Block, type Inline } from './markdown';
import type { FromPage, ToPage, Turn } from './messages';

declare function acquireVsCodeApi(): {
    postMessage(message: FromPage): void;
    getState(): { draft?: string } | undefined;
    setState(state: { draft: string }): void;
};

const vscode = acquireVsCodeApi();
const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const answers = byId('answers');
const place = byId<HTMLButtonElement>('place');
const box = byId<HTMLTextAreaElement>('question');
const stop = byId<HTMLButtonElement>('stop');

// ---- elements, made one by one: nothing that a model writes is ever parsed as HTML ----------------------

function element(name: string, ...children: (Node | string)[]): HTMLElement {
    const made = document.createElement(name);
    made.append(...children);
    return made;
}

function ofInline(part: Inline): Node {
    switch (part.type) {
    case 'text':
        return document.createTextNode(part.text);
    case 'code':
        return element('code', part.text);
    case 'break':
        return element('br');
    case 'place': {
        const link = element('button', part.text);
        link.className = 'link';
        link.onclick = () => vscode.postMessage({ type: 'open', first: part.first, last: part.last });
        return link;
    }
    case 'strong':
        return element('strong', ...part.children.map(ofInline));
    case 'emphasis':
        return element('em', ...part.children.map(ofInline));
    }
}

function ofTable(header: Inline[][], rows: Inline[][][]): HTMLElement {
    const row = (name: string, cells: Inline[][]): HTMLElement =>
        element('tr', ...cells.map(cell => element(name, ...cell.map(ofInline))));
    return element('table', element('thead', row('th', header)),
                   element('tbody', ...rows.map(cells => row('td', cells))));
}

function ofBlock(block: Block): HTMLElement {
    switch (block.type) {
    case 'heading':
        return element(`h${Math.min(6, block.level + 1)}`, ...block.children.map(ofInline));
    case 'paragraph':
        return element('p', ...block.children.map(ofInline));
    case 'code':
        return element('pre', element('code', block.text));
    case 'quote':
        return element('blockquote', ...block.children.map(ofBlock));
    case 'rule':
        return element('hr');
    case 'table':
        return ofTable(block.header, block.rows);
    case 'list': {
        const list = element(block.start === undefined ? 'ul' : 'ol',
                             ...block.items.map(item => element('li', ...item.map(ofBlock))));
        if (block.start !== undefined)
            list.setAttribute('start', String(block.start));
        return list;
    }
    }
}

// ---- turns ----------------------------------------------------------------------------------------

/** One turn as it is seen. Blocks that have not changed stay, and with them what is selected there. */
class TurnView {
    private readonly article = element('article');
    private readonly text = element('div');
    private readonly note = element('p');
    private readonly shown: string[] = [];
    private isDue = false;

    constructor(private readonly turn: Turn) {
        this.note.className = 'note';
        this.note.setAttribute('role', 'status');
        if (turn.question) {
            const asked = element('p', turn.question);
            asked.className = 'question';
            this.article.append(asked);
        }
        this.article.append(this.text, this.note);
        answers.append(this.article);
        this.draw();
    }

    append(text: string): void {
        this.turn.text += text;
        if (this.turn.state === 'running')
            this.turn.note = '';
        this.later();
    }

    tell(note: string): void {
        this.turn.note = note;
        this.later();
    }

    end(state: Turn['state'], note: string): void {
        this.turn.state = state;
        this.turn.note = note;
        this.later();
    }

    private later(): void {
        if (this.isDue)
            return;
        this.isDue = true;
        requestAnimationFrame(() => this.draw());
    }

    private draw(): void {
        this.isDue = false;
        const page = document.documentElement;
        const follows = page.scrollHeight - page.scrollTop - page.clientHeight < 40;
        parse(this.turn.text).forEach((block, index) => {
            const told = JSON.stringify(block);
            if (this.shown[index] === told)
                return;
            this.shown[index] = told;
            const made = ofBlock(block);
            const before = this.text.children[index];
            if (before)
                before.replaceWith(made);
            else
                this.text.append(made);
        });
        const { state, note, text } = this.turn;
        this.article.className = state;
        this.note.textContent = note || (state === 'running' && !text ? 'Waiting for the answer…' : '');
        stop.hidden = state !== 'running';
        if (follows)
            window.scrollTo(0, page.scrollHeight);
    }
}

let last: TurnView | undefined;

window.addEventListener('message', (event: MessageEvent<ToPage>) => {
    const message = event.data;
    switch (message.type) {
    case 'show':
        place.textContent = message.place;
        answers.replaceChildren();
        stop.hidden = true;
        for (const turn of message.turns)
            last = new TurnView(turn);
        break;
    case 'begin':
        last = new TurnView(message.turn);
        window.scrollTo(0, document.documentElement.scrollHeight);
        break;
    case 'append':
        last?.append(message.text);
        break;
    case 'note':
        last?.tell(message.text);
        break;
    case 'end':
        last?.end(message.state, message.note);
        break;
    }
});

// ---- what a person does ------------------------------------------------------------------------------

place.onclick = () => vscode.postMessage({ type: 'open' });
stop.onclick = () => vscode.postMessage({ type: 'stop' });
box.value = vscode.getState()?.draft ?? '';
box.oninput = () => vscode.setState({ draft: box.value });
box.onkeydown = event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing)
        return;
    event.preventDefault();
    const question = box.value.trim();
    if (!question || !stop.hidden)
        return;
    box.value = '';
    vscode.setState({ draft: '' });
    vscode.postMessage({ type: 'ask', question });
};

vscode.postMessage({ type: 'ready' });
