// Small decisions about texts, which need nothing of VS Code.

const INSTRUCTIONS_KEPT = 20;

/** The text, and the message behind it with an empty line between. */
export function joined(typed: string, message: string): string {
    const kept = typed.trimEnd();
    return kept ? `${kept}\n\n${message}` : message;
}

/** Where what is typed in a message that git has opened ends: before the comments, without blanks. */
export function typedEnd(text: string): number {
    const comments = /^#/m.exec(text)?.index ?? text.length;
    return text.slice(0, comments).trimEnd().length;
}

/** The instructions that were given before, with this one in front. */
export function remembered(before: readonly string[], instruction: string): string[] {
    return [instruction, ...before.filter(other => other !== instruction)].slice(0, INSTRUCTIONS_KEPT);
}
