// Everything about the event in focus: the line of the trace, and its fields as Wireshark names them.
function field(list, name, value) {
    if (value === undefined || value === null || value === "") {
        return;
    }
    list.append("dt").text(name);
    list.append("dd").text(String(value));
}

const flagWords = (flags) => [...flags].map((letter) => FLAG_NAMES[letter] || letter).join(", ") || "none";

function wrapped(base, relative) {
    return ((relative % 2 ** 32) + base + 2 ** 32) % 2 ** 32;
}

// Its first bytes, as far as the record and the page have them.
function payloadFields(list, item) {
    const hex = item.x && item.x.payload;
    if (!hex) {
        return;
    }
    const bytes = hex.match(/../g).map((two) => parseInt(two, 16));
    const more = bytes.length < item.len ? " …" : "";
    field(list, "Payload as text", bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
        .join("") + more);
    field(list, "Payload in hexadecimal", hex.replace(/(..)(?!$)/g, "$1 ") + more);
}

function segmentFields(list, item) {
    const {s} = item;
    const x = item.x || {};
    field(list, "Direction", s.out ? "the peer sent it" : "the program’s kernel sent it");
    field(list, s.out ? "Reason" : "Kind", whyText(item));
    field(list, "Source", s.src);
    field(list, "Destination", s.dst);
    field(list, "Flags", flagWords(s.flags));
    field(list, "Sequence number", `${item.seq} (relative), ${wrapped(s.seq0, item.seq)} (raw)`);
    if (item.len > 0) {
        field(list, "Next sequence number", item.seq + item.len);
    }
    if (s.flags.includes("A")) {
        field(list, "Acknowledgement number", `${item.ack} (relative), ${wrapped(s.ack0, item.ack)} (raw)`);
    }
    field(list, "Window", item.win === item.window ? item.win : `${item.win}, scaled ${item.window}`);
    field(list, "Payload", many(item.len, "byte"));
    payloadFields(list, item);
    const options = optionsOf(item);
    field(list, "Option: MSS", options.mss);
    field(list, "Option: window scale", options.window_scale);
    field(list, "Option: SACK permitted", options.sack_permitted ? "yes" : "");
    field(list, "Option: timestamps", item.val >= 0 ? `value ${item.val}, echo ${item.ecr}` : "");
    field(list, "Option: SACK", Array.isArray(options.sack)
        ? options.sack.map(([left, right]) => `${left} to ${right}`).join(", ") : "");
    field(list, "Options skipped", Array.isArray(options.skipped) ? skippedOptions(options).join(", ") : "");
    for (const name of Object.keys(x)) {
        if (name !== "options" && name !== "until" && name !== "payload") {
            field(list, name.replace(/_/g, " "), Array.isArray(x[name]) ? x[name].join(", ") : x[name]);
        }
    }
    field(list, "Fate", fateText(item) || (s.out ? "it left as it was" : "it was handed to the peer’s TCP"));
    if (item.heldBack) {
        field(list, "Held back", `for ${lengthText(item.t - item.heldBack.t)}, by ${item.heldBack.rule}`);
    }
}

const KNOWN_FIELDS = new Set(["t", "id", "event", "rule", "quoted"]);

function showDetail(app, item) {
    const box = d3.select("#detail");
    box.selectAll("*").remove();
    if (!item) {
        box.append("p").attr("class", "faint").text("Point at an event, or click on it, and all of it is shown here.");
        const legend = box.append("div").attr("class", "legend-list");
        for (const [kind, text] of [["in", "from the program"], ["out", "from the peer"],
                                    ["bad", "withheld: it ends in a cross"],
                                    ["delayed", "delayed: a circle, and a dotted line until it moves on"],
                                    ["edited", "edited, spoiled or copied: a square"]]) {
            legend.append("p").attr("class", `key ${kind}`).text(text);
        }
        return;
    }
    box.append("pre").attr("class", "line").text(traceLine(item).trim());
    const list = box.append("dl");
    const id = item.type === "segment" ? item.id : item.e.id;
    field(list, "Event", id || "");
    field(list, "Time", `${(item.t / 1e9).toFixed(9)} s`);
    field(list, "Connection", item.conn ? `#${item.conn}` : "");
    if (item.type === "segment") {
        segmentFields(list, item);
    } else {
        for (const [name, value] of Object.entries(item.e)) {
            if (!KNOWN_FIELDS.has(name) && name !== "conn") {
                field(list, name.replace(/_/g, " "), typeof value === "object" && value !== null ? JSON.stringify(value) : value);
            }
        }
    }
    const rule = item.rule === null ? null : app.record.rules.get(item.rule);
    if (rule) {
        const button = box.append("button").attr("type", "button").attr("class", "link")
            .text(`All that ${rule.key} did`).on("click", () => app.chooseRule(rule.key));
        button.attr("aria-pressed", String(app.rule === rule.key));
        if (rule.source) {
            box.append("pre").attr("class", "source").text(rule.source);
        }
    }
}
