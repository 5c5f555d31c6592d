// Peers for tests in Node, whichever runner starts them: node:test, vitest, jest.
//
//   test("comes back", withPeer("refuse-twice", {peer: "db.example"}, async (ghostpeer) => {
//       await connect(ghostpeer.host, 5432);
//   }));
//
//   $ ghostpeer run -q healthy -- node --test
import http from "node:http";

export class GhostpeerError extends Error {
    constructor(status, answer) {
        super([answer.error ?? "no explanation", answer.diagnostics].filter(Boolean).join("\n"));
        this.name = "GhostpeerError";
        this.status = status;
        this.answer = answer;
    }
}

/** A fault that the test never met, or an expectation that does not hold. */
export class VerdictFailed extends Error {
    constructor(verdict, trace) {
        super(verdict.text.trimEnd() + "\n\n" + trace);
        this.name = "VerdictFailed";
        this.verdict = verdict;
    }
}

const quoted = encodeURIComponent;

/** What a request says of a profile: a name, a path, a text (with line ends) or an object. */
const asBody = (profile) =>
    typeof profile !== "string" ? {profile: {summary: "A peer of a test.", ...profile}}
    : profile.includes("\n") ? {yaml: profile} : {profile};

/** The running ghostpeer around this process. */
export class Ghostpeer {
    constructor(address = process.env.GHOSTPEER_CONTROL,
                token = process.env.GHOSTPEER_CONTROL_TOKEN) {
        if (!address) {
            throw new Error("This is no run of ghostpeer: ghostpeer run -q healthy -- node --test");
        }
        this.address = address;
        this.token = token;
    }

    /** The answer as text; an error is thrown. */
    text(method, path, body) {
        const where = this.address.startsWith("unix:")
            ? {socketPath: this.address.slice("unix:".length)}
            : (({hostname, port}) => ({hostname, port}))(new URL(this.address));
        const headers = this.token ? {Authorization: `Bearer ${this.token}`} : {};
        return new Promise((resolve, reject) => {
            const request = http.request({...where, method, path, headers, agent: false}, (response) => {
                const parts = [];
                response.on("data", (part) => parts.push(part));
                response.on("error", reject);
                response.on("end", () => {
                    const text = Buffer.concat(parts).toString();
                    if (response.statusCode < 400) {
                        resolve(text);
                    } else {
                        reject(new GhostpeerError(response.statusCode, JSON.parse(text)));
                    }
                });
            });
            request.on("error", reject);
            request.end(body === undefined ? undefined : JSON.stringify(body));
        });
    }

    async request(method, path, body) {
        return JSON.parse(await this.text(method, path, body));
    }

    /** Resolves once the condition is true: `established >= 1`. */
    wait(condition, timeout = "5s") {
        return this.request("GET", `/v1/wait?for=${quoted(condition)}&timeout=${quoted(timeout)}`);
    }
}

export class Peer {
    constructor(scope, answer, host) {
        this.scope = scope;
        this.name = answer.name;
        this.addresses = answer.addresses;
        this.address = answer.addresses[0];
        this.host = host ?? this.address;
        this.port = answer.port;
    }

    /** New connections have this profile; `reset` ends those that are open. */
    use(profile, {set = {}, reset = false} = {}) {
        return this.scope.run.request("PUT", `/v1/peers/${quoted(this.name)}/profile`,
                                      {...asBody(profile), set, reset});
    }

    /** Any action of the profile language; resolves to the number of connections. */
    async act(action) {
        return (await this.scope.run.request("POST", `/v1/peers/${quoted(this.name)}/actions`,
                                             {do: action})).connections;
    }

    reset() { return this.act("reset"); }
    close() { return this.act("close"); }
    blackhole() { return this.act("blackhole"); }
    revive() { return this.act("revive"); }
    wait(condition, timeout) {
        return this.scope.run.wait(`${condition} peer=${this.name}`, timeout);
    }
    remove() { return this.scope.run.request("DELETE", `/v1/peers/${quoted(this.name)}`); }
}

/** The peers of one test, their record and their verdict. */
export class Scope {
    constructor(run, name) {
        this.run = run;
        this.name = name;
        this.peers = [];
    }

    static async begin(name, run = new Ghostpeer()) {
        for (let more = 1;; ++more) {
            const chosen = more === 1 ? name : `${name} (${more})`;
            try {
                await run.request("POST", "/v1/scopes", {name: chosen});
                return new Scope(run, chosen);
            } catch (error) {
                if (error.status !== 409 || more > 100) {
                    throw error;
                }
            }
        }
    }

    /** One more peer: at the name of a host, or at an address that is free. */
    async add(profile, {peer, port, address, set = {}} = {}) {
        const answer = await this.run.request(
            "POST", "/v1/peers", {...asBody(profile), set, name: peer, port, address, scope: this.name});
        this.peers.push(new Peer(this, answer, peer));
        return this.peers.at(-1);
    }

    get peer() { return this.peers[0]; }
    get host() { return this.peer.host; }
    get address() { return this.peer.address; }
    get port() { return this.peer.port; }

    #part(what) { return this.run.text("GET", `/v1/scopes/${quoted(this.name)}/${what}`); }

    async act(action) {
        return (await this.run.request("POST", `/v1/scopes/${quoted(this.name)}/actions`,
                                       {do: action})).connections;
    }
    reset() { return this.act("reset"); }
    blackhole() { return this.act("blackhole"); }
    revive() { return this.act("revive"); }
    async verdict() { return JSON.parse(await this.#part("verdict")); }
    trace() { return this.#part("trace"); }
    page() { return this.#part("page"); }
    /** What was recorded until now, those events alone that have these fields. */
    async events(fields = {}) {
        const lines = (await this.#part("record")).split("\n").filter(Boolean).map((line) => JSON.parse(line));
        return lines.filter((event) =>
            Object.entries(fields).every(([name, value]) => event[name] === value));
    }
    /** Everything of the scope goes; resolves to its verdict. */
    end() { return this.run.request("DELETE", `/v1/scopes/${quoted(this.name)}`); }
}

// Each runner tells the name of a test in another way.
const nameOf = (context) =>
    context?.fullName ?? context?.task?.name ?? context?.name ??
    globalThis.expect?.getState?.().currentTestName ?? "test";

/** The function of a test with a peer of its own, judged when its body is over. */
export function withPeer(profile, options, body) {
    if (typeof options === "function") {
        return withPeer(profile, {}, options);
    }
    // Without named arguments: jest would wait for a callback.
    return async (...context) => {
        const scope = await Scope.begin(nameOf(context[0]));
        try {
            await scope.add(profile, options);
            await body(scope, ...context);
            const verdict = await scope.verdict();
            if (!verdict.pass) {
                throw new VerdictFailed(verdict, await scope.trace());
            }
        } finally {
            await scope.end();
        }
    };
}
