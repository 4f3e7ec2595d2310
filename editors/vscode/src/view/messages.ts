/** One question and its answer. The first question is empty: it asks for an explanation. */
export interface Turn {
    question: string;
    text: string;
    state: 'running' | 'done' | 'failed';
    note: string; // what is to be said besides the answer
}

/** What the extension tells the page. */
export type ToPage =
    | { type: 'show'; place: string; turns: Turn[] }
    | { type: 'begin'; turn: Turn }
    | { type: 'append'; text: string }
    | { type: 'note'; text: string }
    | { type: 'end'; state: Turn['state']; note: string };

/** What the page tells the extension. */
export type FromPage =
    | { type: 'ready' }
    | { type: 'ask'; question: string }
    | { type: 'stop' }
    | { type: 'open'; first?: number; last?: number };
