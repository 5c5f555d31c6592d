// What is said in words: lengths of time, and each event as the trace has it.
function lengthText(ns) {
    const ms = ns / 1e6;
    if (ms >= 3600e3) {
        return `${Math.floor(ms / 3600e3)} h ${String(Math.floor(ms / 60e3) % 60).padStart(2, "0")} min`;
    }
    if (ms >= 120e3) {
        return `${Math.floor(ms / 60e3)} min ${String(Math.floor(ms / 1e3) % 60).padStart(2, "0")} s`;
    }
    if (ms >= 1000) {
        return `${(ms / 1000).toFixed(3)} s`;
    }
    return ms === Math.round(ms) ? `${ms} ms` : `${ms.toFixed(3)} ms`;
}

const shortLength = (ns) => (ns >= 120e9 ? lengthText(ns) : ns >= 10e9 ? `${(ns / 1e9).toFixed(1)} s`
    : ns >= 1e9 ? `${(ns / 1e9).toFixed(2)} s` : ns >= 1e6 ? `${Math.round(ns / 1e6)} ms`
    : ns === 0 ? "0" : `${Math.round(ns / 1e3)} µs`);

const secondsText = (ns) => (Math.floor(ns / 1e3) / 1e6).toFixed(6);

const many = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

const FLAG_LETTERS = [["F", "F"], ["S", "S"], ["R", "R"], ["P", "P"], ["A", "."], ["U", "U"], ["E", "E"],
                      ["C", "W"]];
const FLAG_NAMES = {S: "SYN", F: "FIN", R: "RST", P: "PSH", A: "ACK", U: "URG", E: "ECE", C: "CWR"};

const traceFlags = (flags) =>
    FLAG_LETTERS.filter(([own]) => flags.includes(own)).map(([, shown]) => shown).join("") || "none";

const optionsOf = (item) => (item.x && item.x.options) || {};

// Of the others, which the peer skips, the kinds are known.
const skippedOptions = (options) =>
    options.skipped.map((kind) => ({30: "mptcp", 34: "tfo"})[kind] || `opt ${kind}`);

// As the trace does, time stamps are `TS` on a SYN, and elsewhere nothing.
function optionsText(item) {
    const options = optionsOf(item);
    const parts = [];
    const whole = item.s.fate === "edited" || item.s.fate === "corrupted";
    if (options.mss !== undefined) {
        parts.push(`mss ${options.mss}`);
    }
    if (options.sack_permitted) {
        parts.push("sackOK");
    }
    if (item.val >= 0 && whole) {
        parts.push(`TS val ${item.val} ecr ${item.ecr}`);
    } else if (item.val >= 0 && item.s.flags.includes("S")) {
        parts.push("TS");
    }
    if (options.window_scale !== undefined) {
        parts.push(`wscale ${options.window_scale}`);
    }
    if (Array.isArray(options.sack)) {
        parts.push("sack" + options.sack.map(([left, right]) => ` ${left}:${right}`).join(""));
    }
    if (Array.isArray(options.skipped)) {
        parts.push(...skippedOptions(options));
    }
    return parts.join(",");
}

function numbersText(item) {
    let text = `[${traceFlags(item.s.flags)}] seq ${item.seq}`;
    if (item.len > 0) {
        text += `:${item.seq + item.len}`;
    }
    if (item.s.flags.includes("A")) {
        text += ` ack ${item.ack}`;
    }
    text += ` win ${item.win}`;
    if (item.s.flags.includes("U")) {
        text += ` urg ${(item.x && item.x.urgent) || 0}`;
    }
    const options = optionsText(item);
    if (options) {
        text += ` <${options}>`;
    }
    return item.len > 0 ? `${text} len ${item.len}` : text;
}

const FATES = {dropped: "dropped", duplicated: "extra copy", corrupted: "corrupted", edited: "changed",
               undelivered: "refused by the link"};
const ON_THE_WAY = {lost: "lost by the link", "queue-full": "lost, queue full", copied: "copied by the link"};
const MARKS = {accepted: "", sent: "", dropped: "x", undelivered: "x", delayed: "~", duplicated: "+",
               corrupted: "*", edited: "*"};

function delayText(item) {
    return item.stays ? "delayed, and never released" : `delayed ${lengthText(item.until - item.t)}`;
}

function fateText(item) {
    let text = (item.x && ON_THE_WAY[item.x.on_the_way]) ||
        (item.s.fate === "delayed" ? delayText(item) : FATES[item.s.fate] || "");
    const changes = item.x && Array.isArray(item.x.changes) ? item.x.changes.join(", ") : "";
    text += changes ? `${text ? " " : ""}${changes}` : "";
    text += item.x && item.x.queued ? `${text ? ", " : ""}queued ${lengthText(item.x.queued * 1e9)}` : "";
    return text + (item.rule ? `${text ? " " : ""}by ${item.rule}` : "");
}

const whyText = (item) => item.s.why + (item.s.again ? " (again)" : "");

function socketText(e) {
    let text = e.state === "GONE" ? "GONE" : `${e.state} recv-q ${e.recv_q} send-q ${e.send_q}`;
    if (e.timer && e.timer !== "none") {
        text += ` timer:(${e.timer},${shortLength((e.expires || 0) * 1e9)},${e.retries})`;
    }
    return text;
}

function callText(item) {
    const e = item.e;
    const first = e.fd === undefined || e.fd === null ? "" : `${e.fd}`;
    // What strace says of a descriptor is in the details.
    const args = typeof e.args === "string" && e.args ? e.args.replace(/(\d+)<(?:->|[^<>])*>/g, "$1") : first;
    const result = item.took === null ? `, not returned after ${lengthText(item.until - item.t)}`
        : ` = ${e.result ?? "?"}${e.errno ? ` ${e.errno}` : ""}${e.detail ? ` (${e.detail})` : ""} after ${lengthText(item.took)}`;
    return `${e.name}(${args})${result}`;
}

const stateName = (state) => String(state).toUpperCase();

function exitText(e) {
    return e.signal === undefined ? `COMMAND exited with status ${e.status}`
        : `COMMAND was ended by ${e.signal_name || `signal ${e.signal}`}`;
}

// [mark, text, what stands to the right]
function eventParts(item) {
    const e = item.e;
    switch (item.type) {
        case "segment": {
            const fate = fateText(item);
            return [(item.s.out ? "<" : ">") + (MARKS[item.s.fate] || ""), numbersText(item),
                    whyText(item) + (fate ? `  ${fate}` : "")];
        }
        case "state": return ["", `${stateName(e.from)} -> ${stateName(e.to)}`, ""];
        case "rule": return ["", e.action + (e.detail ? ` ${e.detail}` : ""), `by ${item.rule}`];
        case "attempt":
            return ["", `attempt ${e.attempt}: ${e.src} -> ${e.dst}` +
                (e.since_last === undefined ? "" : `, ${lengthText(e.since_last * 1e9)} after the last`), ""];
        case "log": return ["", `log: ${e.text}`, item.rule];
        case "notice": return ["", `notice: ${e.text}`, ""];
        case "icmp":
            return [e.fate === "sent" ? "<!" : "<x", `ICMP ${e.kind}${e.mtu ? ` mtu ${e.mtu}` : ""}` +
                (e.quoted ? ` about [${traceFlags(e.quoted.flags || "")}] seq ${e.quoted.seq}` : ""),
                    `${ON_THE_WAY[e.on_the_way] ? `${ON_THE_WAY[e.on_the_way]}, made ` : e.fate === "dropped" ? "dropped " : ""}by ${item.rule}`];
        case "link":
            return ["", e.up === e.down ? `link ${e.up}` : `link up ${e.up} down ${e.down}`, item.rule ? `by ${item.rule}` : e.profile || ""];
        case "socket": return ["=", socketText(e), "kernel socket"];
        case "call": return ["$", callText(item), ""];
        case "exit": return ["", exitText(e), ""];
        default: return ["", item.type, ""];
    }
}

function traceLine(item) {
    const [mark, text, right] = eventParts(item);
    const conn = item.conn ? `#${String(item.conn).padEnd(3)} ` : "     ";
    const left = `${secondsText(item.t).padStart(10)}  ${conn}${mark.padEnd(2)} ${text}`;
    return right ? `${left}  ${right}` : left;
}
