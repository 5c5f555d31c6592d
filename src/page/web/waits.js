// Where did the time go: each time in which a connection stood still, and who waited for what.
const SHORTEST_WAIT = 2e6;  // ns

function newBalance() {
    return {withheld: new Map(), silenced: null, lastProbe: false};
}

// What was withheld since something last got through, by rule.
function book(balance, item) {
    if (item.type === "rule" && item.e.action === "blackhole") {
        balance.silenced = item.rule;
    }
    if (item.type === "rule" && item.e.action === "revive") {
        balance.silenced = null;
    }
    if (item.type !== "segment") {
        return;
    }
    if (item.s.withheld) {
        const rule = item.rule || "the link";
        balance.withheld.set(rule, (balance.withheld.get(rule) || 0) + 1);
    } else if (item.s.fate !== "delayed" && !item.s.again) {
        balance.withheld.clear();
    }
}

function explain(before, after, balance) {
    const rules = [...balance.withheld.keys()];
    const counted = rules.reduce((sum, rule) => sum + balance.withheld.get(rule), 0);
    const cause = rules.length ? {rules, text: `withheld ${many(counted, "segment")}`, counted}
        : balance.silenced ? {rules: [balance.silenced], text: "silenced the peer", counted: 0} : null;
    const by = (who, what, reason = cause) => ({who, what, cause: reason});
    if (after === null) {
        return rules.length
            ? by("the program’s kernel", "waited for an answer, until the run was over")
            : by("the program", "waited, and nothing came until the run was over");
    }
    if (after.type === "socket") {
        return by("the program’s kernel", "waited for an answer, until its socket was gone");
    }
    if (after.type !== "segment") {
        return by("the path", "took its time to say no", after.rule ? {rules: [after.rule], text: "asked for it"} : null);
    }
    const own = after.rule && !after.s.withheld ? {rules: [after.rule], text: "acted then"} : null;
    if (after.heldBack) {
        return by("a segment", `(${after.s.why}) was held back`,
                  {rules: [after.heldBack.rule || "?"], text: "delayed it"});
    }
    const why = after.s.why;
    if (after.s.out) {
        return after.s.again ? by("the peer", `waited for its retransmission timer (${why})`)
            : why === "keepalive-probe" || why === "window-probe"
                ? by("the peer", `waited to send a ${why}`)
                : by("the peer", `took its time before it sent ${why}`, own || cause);
    }
    if (why === "keepalive-probe") {
        return before.type === "segment" && before.s.why === "keepalive-probe"
            ? by("the program’s kernel", "waited for answers to its keepalive probes")
            : by("the program’s kernel", "waited for its keepalive timer, for the connection was idle", null);
    }
    if (why === "window-probe") {
        return by("the program’s kernel", "waited for its persist timer, for the peer’s window was closed");
    }
    if (after.s.again) {
        return by("the program’s kernel", `waited for its retransmission timer (${why})`);
    }
    if (why === "rst") {
        return balance.lastProbe
            ? {...by("the program’s kernel", "waited for answers to its keepalive probes"), tail: ", and gave up with RST"}
            : by("the program", "waited, until its side sent RST");
    }
    if (why === "ack") {
        return by("the program’s kernel", "held back its acknowledgement");
    }
    return by("the program’s side", `sent nothing until ${why === "fin" ? "its FIN" : why === "syn" ? "its SYN" : why}`);
}

function connectionWaits(record, conn) {
    const waits = [];
    const balance = newBalance();
    let before = null;
    let done = false;
    const steps = [...conn.items, ...conn.sockets.filter((item) => item.e.state === "GONE")]
        .sort((a, b) => a.t - b.t || a.n - b.n);
    for (const item of steps) {
        if (item.type === "segment" || item.type === "icmp" || (item.type === "socket" && !done)) {
            if (before !== null && item.t - before.t >= SHORTEST_WAIT && !(done && item.type === "socket")) {
                waits.push({conn: conn.id, from: before.t, to: item.t, ...explain(before, item, balance)});
            }
            before = item;
        }
        book(balance, item);
        if (item.type === "segment") {
            balance.lastProbe = item.s.why === "keepalive-probe" && !item.s.out;
            done = done || (item.s.flags.includes("R") && !item.s.withheld);
        }
        if (item.type === "state" && (item.e.to === "closed" || item.e.to === "time-wait")) {
            done = true;
        }
        done = done || item.type === "socket";
    }
    conn.over = done && before ? before.t : null;
    if (!done && before !== null && record.end - before.t >= SHORTEST_WAIT) {
        waits.push({conn: conn.id, from: before.t, to: exitTime(record), ...explain(before, null, balance)});
    }
    return waits.filter((wait) => wait.to > wait.from);
}

const exitTime = (record) => (record.exit ? record.exit.t : record.end);

// Times in which there was no connection at all.
function loneWaits(record, conns) {
    const waits = [];
    const exit = exitTime(record);
    let until = 0;
    let first = true;
    for (const conn of [...conns].sort((a, b) => a.first - b.first)) {
        if (conn.first - until >= SHORTEST_WAIT) {
            waits.push({conn: 0, from: until, to: conn.first, who: "the program", cause: null,
                        what: first ? "started, and had not dialled yet" : "waited before it tried again"});
        }
        first = false;
        until = Math.max(until, conn.over === null ? exit : conn.over);
    }
    if (exit - until >= SHORTEST_WAIT) {
        waits.push({conn: 0, from: until, to: exit, who: "the program", cause: null,
                    what: first ? "ran, and never dialled" : "went on without a connection"});
    }
    return waits;
}

// The call in which the program was at the time, where calls are recorded.
function nameCalls(record, waits) {
    const calls = record.items.filter((item) => item.type === "call" && item.until - item.t >= SHORTEST_WAIT);
    for (const wait of waits) {
        const best = calls.filter((call) => !call.conn || !wait.conn || call.conn === wait.conn)
            .map((call) => [Math.min(call.until, wait.to) - Math.max(call.t, wait.from), call])
            .sort((a, b) => b[0] - a[0])[0];
        if (best && best[0] > 0.5 * (wait.to - wait.from)) {
            wait.call = `${best[1].e.name}(${best[1].e.fd ?? ""})`;
        }
    }
}

function findWaits(record) {
    const conns = [...record.conns.values()];
    const waits = conns.flatMap((conn) => connectionWaits(record, conn));
    waits.push(...loneWaits(record, conns));
    waits.sort((a, b) => (b.to - b.from) - (a.to - a.from) || a.from - b.from);
    nameCalls(record, waits.slice(0, 200));
    const groups = new Map();
    for (const wait of waits) {
        const key = [wait.conn, wait.who, wait.what, ...(wait.cause ? wait.cause.rules : [])].join("|");
        const group = groups.get(key) || {...wait, total: 0, waits: []};
        group.total += wait.to - wait.from;
        group.waits.push(wait);
        if (wait.cause && group.cause && wait.cause.counted > (group.cause.counted || 0)) {
            group.cause = wait.cause;
        }
        group.tail = group.tail || wait.tail;
        groups.set(key, group);
    }
    record.waits = waits;
    return [...groups.values()].sort((a, b) => b.total - a.total);
}

const waitText = (wait) => `${wait.who} ${wait.what}${wait.tail || ""}` +
    (wait.cause ? `, since ${wait.cause.rules.join(" and ")} ${wait.cause.text}` : "");
