/** A profile: a name of the catalogue, a path, its text in YAML, or the profile itself. */
export type Profile = string | {[key: string]: unknown};
/** An action of the profile language: `"reset"`, `{window: 0}`, a list of them. */
export type Action = string | {[key: string]: unknown} | Action[];
export type Values = {[name: string]: string | number | boolean};

export interface PeerOptions {
    /** The name of a host, which is given addresses; without it an address that is free. */
    peer?: string;
    /** Without one every port is the peer's. */
    port?: number;
    address?: string;
    /** Parameters of the profile. */
    set?: Values;
}

export interface Verdict {
    scope: string;
    pass: boolean;
    headline: string;
    failures: string[];
    text: string;
    verdict: {[key: string]: unknown};
}

export type Event = {[key: string]: unknown};

export class GhostpeerError extends Error {
    readonly status: number;
    readonly answer: {[key: string]: unknown};
}
export class VerdictFailed extends Error {
    readonly verdict: Verdict;
}

export class Ghostpeer {
    constructor(address?: string, token?: string);
    text(method: string, path: string, body?: unknown): Promise<string>;
    request(method: string, path: string, body?: unknown): Promise<any>;
    wait(condition: string, timeout?: string): Promise<unknown>;
}

export class Peer {
    readonly name: string;
    readonly addresses: string[];
    readonly address: string;
    readonly host: string;
    readonly port: number | null;
    use(profile: Profile, options?: {set?: Values; reset?: boolean}): Promise<unknown>;
    act(action: Action): Promise<number>;
    reset(): Promise<number>;
    close(): Promise<number>;
    blackhole(): Promise<number>;
    revive(): Promise<number>;
    wait(condition: string, timeout?: string): Promise<unknown>;
    remove(): Promise<unknown>;
}

export class Scope {
    readonly run: Ghostpeer;
    readonly name: string;
    readonly peers: Peer[];
    readonly peer: Peer;
    readonly host: string;
    readonly address: string;
    readonly port: number | null;
    static begin(name: string, run?: Ghostpeer): Promise<Scope>;
    add(profile: Profile, options?: PeerOptions): Promise<Peer>;
    act(action: Action): Promise<number>;
    reset(): Promise<number>;
    blackhole(): Promise<number>;
    revive(): Promise<number>;
    verdict(): Promise<Verdict>;
    trace(): Promise<string>;
    page(): Promise<string>;
    events(fields?: Event): Promise<Event[]>;
    end(): Promise<Verdict>;
}

type Body = (ghostpeer: Scope, ...context: any[]) => unknown;

/** The function of a test with a peer of its own, judged when its body is over. */
export function withPeer(profile: Profile, body: Body): (...context: any[]) => Promise<void>;
export function withPeer(profile: Profile, options: PeerOptions, body: Body):
    (...context: any[]) => Promise<void>;
