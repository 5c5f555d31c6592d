// The record as objects. The form is src/page/record.cpp's.
const SEGMENT_FIELDS = 12;
const WITHHELD = new Set(["dropped", "undelivered"]);

function readShape(row) {
    const [out, why, flags, fate, src, dst, again, conn, attempt, file, line, seq0, ack0] = row;
    return {out: out === 1, why, flags, fate, src, dst, again: again === 1, conn, attempt, seq0, ack0,
            rule: line < 0 ? null : ruleKey(file, line), withheld: WITHHELD.has(fate)};
}

const ruleKey = (file, line) => `${file}:${line}`;

function readRecord(text) {
    const raw = JSON.parse(text);
    const shapes = raw.shapes.map(readShape);
    const items = [];
    const flat = raw.segments;
    for (let at = 0; at + SEGMENT_FIELDS <= flat.length; at += SEGMENT_FIELDS) {
        const shape = shapes[flat[at + 2]];
        items.push({type: "segment", t: flat[at], n: flat[at + 1], s: shape, conn: shape.conn,
                    rule: shape.rule, seq: flat[at + 3], ack: flat[at + 4], len: flat[at + 5],
                    window: flat[at + 6], win: flat[at + 7], val: flat[at + 8], ecr: flat[at + 9],
                    x: flat[at + 10] < 0 ? null : raw.extras[flat[at + 10]], id: flat[at + 11], lane: "wire", y: 0});
    }
    for (const [t, n, one] of raw.others) {
        items.push(readOther(t, n, one));
    }
    items.sort((a, b) => a.t - b.t || a.n - b.n);
    const record = {head: raw.head, run: raw.run, verdict: raw.verdict, items,
                    withoutPayload: raw.without_payload};
    record.start = 0;
    record.end = Math.max(items.length ? items[items.length - 1].t : 0,
                          raw.verdict && Number.isFinite(raw.verdict.duration)
                              ? raw.verdict.duration * 1e9 : 0, 1);
    record.exit = items.find((item) => item.type === "exit") || null;
    for (const item of items) {
        if (item.type === "call") {
            item.until = item.took === null ? Math.max(record.end, item.t) : item.t + item.took;
        }
    }
    record.conns = readConnections(items);
    nameConnections(record);
    record.rules = readRules(record);
    record.hasCalls = items.some((item) => item.type === "call");
    record.hasSockets = items.some((item) => item.type === "socket");
    linkDelays(items, record.end);
    return record;
}

const LANES = {socket: "kernel", state: "peer", attempt: "program", exit: "program", call: "program"};

function readOther(t, n, one) {
    const item = {type: one.event, t, n, conn: one.conn || 0, e: one, rule: null,
                  lane: LANES[one.event] || "wire", y: 0};
    if (one.rule && typeof one.rule === "object") {
        item.rule = ruleKey(one.rule.file, one.rule.line);
    } else if (one.event === "rule" || one.event === "log") {
        item.rule = ruleKey(one.file, one.line);
    }
    if (one.event === "call") {
        const began = Number(one.began);
        const took = one.returned === false ? NaN : Number(one.took);
        item.t = Number.isFinite(began) && one.began !== null ? Math.round(began * 1e9) : item.t;
        item.took = Number.isFinite(took) && one.took !== null && one.took !== undefined
            ? Math.round(took * 1e9) : null;
    }
    return item;
}

function readConnections(items) {
    const conns = new Map();
    for (const item of items) {
        if (!item.conn) {
            continue;
        }
        let conn = conns.get(item.conn);
        if (!conn) {
            conn = {id: item.conn, attempt: 0, program: "", peer: "", first: item.t, last: item.t,
                    items: [], segments: 0, withheld: 0, bytesIn: 0, bytesOut: 0, states: [],
                    sockets: [], sinceLast: null, over: null, dialled: false};
            conns.set(item.conn, conn);
        }
        conn.items.push(item);
        conn.last = item.t;
        if (item.type === "segment") {
            conn.segments += 1;
            conn.withheld += item.s.withheld ? 1 : 0;
            conn.attempt = conn.attempt || item.s.attempt;
            if (item.len > 0 && !item.s.withheld && item.s.fate !== "delayed") {
                const way = item.s.out ? "bytesOut" : "bytesIn";
                conn[way] = Math.max(conn[way], item.seq + item.len - 1);
            }
            if (!conn.program) {
                [conn.program, conn.peer] = item.s.out ? [item.s.dst, item.s.src] : [item.s.src, item.s.dst];
                conn.dialled = item.s.out;
            }
        } else if (item.type === "attempt") {
            conn.attempt = item.e.attempt;
            conn.from = item.e.src;
            conn.to = item.e.dst;
            conn.sinceLast = item.e.since_last === undefined ? null : item.e.since_last * 1e9;
        } else if (item.type === "state") {
            conn.states.push(item);
        }
    }
    for (const conn of conns.values()) {
        conn.program = conn.program || conn.from || "";
        conn.peer = conn.peer || conn.to || "";
    }
    return conns;
}

// The kernel's sockets, and calls, are known by their addresses: the latest connection that has them.
function nameConnections(record) {
    const byEnds = new Map();
    for (const conn of record.conns.values()) {
        const key = `${conn.program} ${conn.peer}`;
        byEnds.set(key, [...(byEnds.get(key) || []), conn]);
    }
    for (const item of record.items) {
        if (item.type !== "socket") {
            continue;
        }
        const known = byEnds.get(`${item.e.src} ${item.e.dst}`) || [];
        const conn = known.filter((one) => one.first <= item.t + 1e8).pop() || known[0];
        if (conn) {
            item.conn = conn.id;
            conn.sockets.push(item);
            if (item.e.state === "GONE") {
                conn.over = item.t;
            }
        }
    }
}

function readRules(record) {
    const rules = new Map();
    for (const one of (record.verdict && record.verdict.rules) || []) {
        const key = ruleKey(one.file, one.line);
        rules.set(key, {key, ...one, told: true, touched: [], deeds: new Map()});
    }
    for (const item of record.items) {
        if (item.rule === null) {
            continue;
        }
        let rule = rules.get(item.rule);
        if (!rule) {
            rule = {key: item.rule, on: "", fired: null, withheld: null, told: false, touched: [],
                    deeds: new Map()};
            rules.set(item.rule, rule);
        }
        rule.touched.push(item);
        const deed = item.type === "segment" ? item.s.fate : item.type === "rule" ? item.e.action
            : item.type;
        rule.deeds.set(deed, (rule.deeds.get(deed) || 0) + 1);
    }
    return rules;
}

// A delayed segment is told a second time when it moves on, and `of` names the first. One that
// waits for an event does not say until when: that is known once it has moved on.
function linkDelays(items, end) {
    const waiting = new Map();
    for (const item of items) {
        if (item.type !== "segment") {
            continue;
        }
        if (item.s.fate === "delayed") {
            item.stays = !(item.x && Number.isFinite(item.x.until));
            item.until = Math.max(item.stays ? end : item.x.until * 1e9, item.t);
            waiting.set(item.id, item);
        } else if (item.x && waiting.has(item.x.of)) {
            const first = waiting.get(item.x.of);
            item.heldBack = first;
            first.movedOn = item;
            first.until = first.stays ? item.t : first.until;
            first.stays = false;
        }
    }
}
