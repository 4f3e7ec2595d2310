/** Markdown as a tree of plain data. Whoever shows it makes elements of it and never parses HTML. */
export type Inline =
    | { type: 'text' | 'code'; text: string }
    | { type: 'strong' | 'emphasis'; children: Inline[] }
    | { type: 'place'; text: string; first: number; last: number }
    | { type: 'break' };

export type Block =
    | { type: 'heading'; level: number; children: Inline[] }
    | { type: 'paragraph'; children: Inline[] }
    | { type: 'code'; language: string; text: string }
    | { type: 'quote'; children: Block[] }
    | { type: 'list'; start: number | undefined; items: Block[][] }
    | { type: 'table'; header: Inline[][]; rows: Inline[][][] }
    | { type: 'rule' };

/** Quotes and lists within each other, beyond which lines are text. */
const DEPTH_MAX = 6;

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4}|$)/;
const TABLE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

export function parse(markdown: string): Block[] {
    return blocks(markdown.replace(/\r\n?/g, '\n').split('\n'), 0);
}

function blocks(lines: string[], depth: number): Block[] {
    const found: Block[] = [];
    let at = 0;
    while (at < lines.length) {
        const line = lines[at]!;
        if (!line.trim()) {
            at++;
            continue;
        }
        const [block, next] = fence(lines, at) ?? heading(line, at) ?? rule(line, at) ??
            (depth < DEPTH_MAX ? quote(lines, at, depth) ?? list(lines, at, depth) : undefined) ??
            table(lines, at) ?? paragraph(lines, at, depth);
        found.push(block);
        at = next;
    }
    return found;
}

type Taken = [Block, number] | undefined;

/** A fence that is not closed yet holds all that has come. */
function fence(lines: string[], at: number): Taken {
    const open = FENCE.exec(lines[at]!);
    if (!open)
        return undefined;
    const mark = open[1]!;
    const close = new RegExp(`^ {0,3}${mark[0]!}{${mark.length},}\\s*$`);
    let end = at + 1;
    while (end < lines.length && !close.test(lines[end]!))
        end++;
    return [{ type: 'code', language: open[2]!, text: lines.slice(at + 1, end).join('\n') }, end + 1];
}

function heading(line: string, at: number): Taken {
    const found = HEADING.exec(line);
    return found ? [{ type: 'heading', level: found[1]!.length, children: inline(found[2]!) }, at + 1] : undefined;
}

function rule(line: string, at: number): Taken {
    return RULE.test(line) ? [{ type: 'rule' }, at + 1] : undefined;
}

function quote(lines: string[], at: number, depth: number): Taken {
    if (!QUOTE.test(lines[at]!))
        return undefined;
    let end = at;
    while (end < lines.length && QUOTE.test(lines[end]!))
        end++;
    const inner = lines.slice(at, end).map(line => line.replace(QUOTE, ''));
    return [{ type: 'quote', children: blocks(inner, depth + 1) }, end];
}

function list(lines: string[], at: number, depth: number): Taken {
    const first = ITEM.exec(lines[at]!);
    if (!first)
        return undefined;
    const isOrdered = /\d/.test(first[2]!);
    const items: string[][] = [];
    let indent = 0;
    let end = at;
    for (; end < lines.length; end++) {
        const line = lines[end]!;
        const item = ITEM.exec(line);
        const margin = line.search(/\S/);
        if (item && /\d/.test(item[2]!) === isOrdered && (items.length === 0 || margin < indent)) {
            indent = item[0].length;
            items.push([line.slice(indent)]);
        } else if (margin >= indent || margin < 0) {
            items.at(-1)!.push(line.slice(indent));
        } else if (!lines[end - 1]!.trim() || begins(line)) {
            break;
        } else {
            items.at(-1)!.push(line.trimStart()); // goes on with the paragraph above
        }
    }
    return [{
        type: 'list', start: isOrdered ? parseInt(first[2]!, 10) : undefined,
        items: items.map(item => blocks(item, depth + 1)),
    }, end];
}

/** Whether the line ends a paragraph by what it begins. */
function begins(line: string): boolean {
    return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function cells(line: string): Inline[][] {
    return line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/)
        .map(cell => inline(cell.trim().replace(/\\\|/g, '|')));
}

function table(lines: string[], at: number): Taken {
    if (!lines[at]!.includes('|') || !TABLE.test(lines[at + 1] ?? '') || !lines[at + 1]!.includes('-'))
        return undefined;
    const header = cells(lines[at]!);
    let end = at + 2;
    while (end < lines.length && lines[end]!.includes('|'))
        end++;
    return [{ type: 'table', header, rows: lines.slice(at + 2, end).map(cells) }, end];
}

function paragraph(lines: string[], at: number, depth: number): [Block, number] {
    let end = at + 1;
    while (end < lines.length && lines[end]!.trim() && !(depth < DEPTH_MAX && begins(lines[end]!)))
        end++;
    return [{ type: 'paragraph', children: inline(lines.slice(at, end).map(line => line.trimStart()).join('\n')) },
            end];
}

// ---- within a line ---------------------------------------------------------------------------------

const LINK = /^!?\[((?:[^\[\]\\]|\\.)*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/;
const MARKED = /^(\*\*|__|\*|_)(?=\S)([\s\S]*?\S)\1/;
const PLACE = /\blines? (\d{1,7})(?:(?: ?[-–] ?| to | and | through )(\d{1,7}))?\b/gi;

/** What stands in a paragraph. Links go nowhere: their address is text. */
export function inline(text: string, depth = 0): Inline[] {
    const found: Inline[] = [];
    let plain = '';
    const flush = (): void => {
        found.push(...places(plain));
        plain = '';
    };
    for (let rest = text; rest; ) {
        const taken = depth < DEPTH_MAX ? special(rest, text[text.length - rest.length - 1] ?? ' ', depth)
            : undefined;
        if (!taken) {
            plain += rest[0];
            rest = rest.slice(1);
        } else if (typeof taken[0] === 'string') {
            plain += taken[0];
            rest = rest.slice(taken[1]);
        } else {
            flush();
            found.push(taken[0]);
            rest = rest.slice(taken[1]);
        }
    }
    flush();
    return found;
}

function special(rest: string, before: string, depth: number): [Inline | string, number] | undefined {
    const ticks = /^`+/.exec(rest)?.[0];
    if (ticks) {
        const end = new RegExp('(?<!`)' + ticks + '(?!`)').exec(rest.slice(ticks.length));
        if (!end)
            return [ticks, ticks.length];
        const code = rest.slice(ticks.length, ticks.length + end.index).replace(/\n/g, ' ');
        const text = /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
        return [{ type: 'code', text }, 2 * ticks.length + end.index];
    }
    const escaped = /^\\([!-/:-@[-`{-~])/.exec(rest);
    if (escaped)
        return [escaped[1]!, 2];
    const hard = /^(?: {2,}|\\)\n/.exec(rest);
    if (hard)
        return [{ type: 'break' }, hard[0].length];
    const link = LINK.exec(rest);
    if (link)
        return [link[2] && link[2] !== link[1] ? `${link[1]} (${link[2]})` : link[1]!, link[0].length];
    const marked = MARKED.exec(rest);
    // An underscore within a word is a part of a name.
    if (marked && !(marked[1]!.startsWith('_') && (/\w/.test(before) || /^\w/.test(rest.slice(marked[0].length)))))
        return [{
            type: marked[1]!.length === 2 ? 'strong' : 'emphasis', children: inline(marked[2]!, depth + 1),
        }, marked[0].length];
    return undefined;
}

/** Text, in which "line 3" and "lines 3 to 9" are places in the code. */
function places(text: string): Inline[] {
    const found: Inline[] = [];
    let from = 0;
    for (const match of text.matchAll(PLACE)) {
        if (match.index > from)
            found.push({ type: 'text', text: text.slice(from, match.index) });
        const first = Number(match[1]);
        found.push({ type: 'place', text: match[0], first, last: Math.max(first, Number(match[2] ?? first)) });
        from = match.index + match[0].length;
    }
    if (from < text.length)
        found.push({ type: 'text', text: text.slice(from) });
    return found;
}
