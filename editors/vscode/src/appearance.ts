import type { DaemonState } from './daemon';

/** What `gridls/status` tells. */
export interface Status {
    state: 'ready' | 'working' | 'limited' | 'offline' | 'unconfigured';
    message: string;
    usage: { requests: number; promptTokens: number; completionTokens: number };
}

const ICONS: Record<Status['state'], string> = {
    ready: 'sparkle',
    working: 'loading~spin',
    limited: 'debug-pause',
    offline: 'debug-disconnect',
    unconfigured: 'key',
};

const PROCESS: Record<Exclude<DaemonState['name'], 'running' | 'missing'>, [string, string]> = {
    off: ['circle-slash', 'gridls is off.'],
    starting: ['loading~spin', 'gridls is starting.'],
    waiting: ['warning', 'gridls has ended unexpectedly and will be started again.'],
    dead: ['error', 'gridls keeps ending unexpectedly; its log says why.'],
};

export interface Appearance {
    text: string;
    tooltip: string;
    isWarning: boolean;
}

export function appearance(daemon: DaemonState, status: Status | undefined, isOnHere: boolean): Appearance {
    if (daemon.name === 'missing')
        return { text: '$(warning) gridls', tooltip: daemon.fault, isWarning: true };
    if (daemon.name !== 'running') {
        const [icon, tooltip] = PROCESS[daemon.name];
        return { text: `$(${icon}) gridls`, tooltip, isWarning: daemon.name === 'dead' };
    }
    const state = status?.state ?? 'ready';
    const icon = state === 'ready' && !isOnHere ? 'circle-slash' : ICONS[state];
    const lines = [status?.message || 'gridls is ready.'];
    if (!isOnHere)
        lines.push('Suggestions are off here.');
    if (status) {
        const { requests, promptTokens, completionTokens } = status.usage;
        lines.push(`${requests} request${requests === 1 ? '' : 's'}; ` +
            `tokens: ${promptTokens} sent, ${completionTokens} received.`);
    }
    return { text: `$(${icon}) gridls`, tooltip: lines.join('\n'), isWarning: state === 'unconfigured' };
}
