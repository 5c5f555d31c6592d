// The wire: one slanted arrow a segment, with what it is for and what became of it.
function segmentColour(colours, item) {
    if (item.s.withheld) {
        return colours.bad;
    }
    return item.s.fate === "delayed" || item.heldBack ? colours.delayed
        : item.s.fate === "edited" || item.s.fate === "corrupted" || item.s.fate === "duplicated" ? colours.edited
        : item.s.out ? colours.out : colours.in;
}

function head(g, x, y, direction, slope) {
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(x - direction * 8, y - 3.5 - slope);
    g.lineTo(x - direction * 8, y + 3.5 - slope);
    g.fill();
}

function crossAt(g, x, y) {
    g.lineWidth = 2.2;
    g.beginPath();
    g.moveTo(x - 5, y - 5);
    g.lineTo(x + 5, y + 5);
    g.moveTo(x + 5, y - 5);
    g.lineTo(x - 5, y + 5);
    g.stroke();
}

const GATE = 0.86;  // where the rules stand, on the way from the program to the peer

// How far the arrow goes: [from, to] as parts of the lane, the program's side being 0. `cross` is
// where one that is withheld ends.
function reach(item, cross) {
    const {out, fate, withheld} = item.s;
    if (out) {
        return withheld ? [1, 1 - cross] : fate === "delayed" ? [1, GATE] : item.heldBack ? [GATE, 0] : [1, 0];
    }
    return withheld ? [0, cross] : fate === "delayed" ? [0, GATE] : item.heldBack ? [GATE, 1] : [0, 1];
}

// The words about what became of it stand behind the cross.
function crossPlace(g, lane, item) {
    g.font = SMALL;
    const words = g.measureText(fateText(item)).width + 36;
    return Math.min(Math.max(1 - words / lane.width, 0.36), 0.72);
}

function drawSegment(view, lane, item, y, slant) {
    const {g} = view;
    const [from, to] = reach(item, item.s.withheld ? crossPlace(g, lane, item) : 0);
    const left = lane.x + 10;
    const room = lane.width - 20;
    const drop = item.s.out ? slant : -slant;
    // The time is the one at the peer's end.
    const yAt = (part) => y + drop * (1 - part);
    const x0 = left + from * room;
    const x1 = left + to * room;
    const direction = item.s.out ? -1 : 1;
    g.setLineDash(item.s.withheld ? [7, 4] : item.s.again ? [12, 3] : []);
    g.lineWidth = 1.6;
    g.beginPath();
    g.moveTo(x0, yAt(from));
    g.lineTo(x1, yAt(to));
    g.stroke();
    g.setLineDash([]);
    if (item.s.withheld) {
        crossAt(g, x1, yAt(to));
    } else if (item.s.fate === "delayed") {
        g.lineWidth = 1.6;
        g.beginPath();
        g.arc(x1, yAt(to), 4.5, 0, 2 * Math.PI);
        g.stroke();
        drawHold(view, x1, yAt(to) + 5, view.at(item.until));
    } else {
        if (slant > 1) {
            head(g, x1, yAt(to), direction, slant > 2 ? 0.4 : 0);
        }
        if (item.s.fate === "duplicated" || item.s.fate === "edited" || item.s.fate === "corrupted") {
            const xm = left + GATE * room;
            g.fillRect(xm - 4, yAt(GATE) - 4, 8, 8);
        }
    }
}

function drawHold(view, x, from, to) {
    const {g} = view;
    g.setLineDash([2, 3]);
    g.lineWidth = 1.4;
    g.beginPath();
    g.moveTo(x, Math.max(from, 0));
    g.lineTo(x, Math.min(to, view.height));
    g.stroke();
    g.setLineDash([]);
}

function segmentWords(item) {
    const parts = [whyText(item)];
    if (item.len > 0) {
        parts.push(`${item.seq}:${item.seq + item.len}`);
    } else if (item.s.flags.includes("A")) {
        parts.push(item.s.why.includes("ack") || item.s.why.includes("window") || item.s.why.includes("reply") ? `ack ${item.ack}` : `seq ${item.seq}`);
    }
    if (item.window === 0 && !item.s.flags.includes("R")) {
        parts.push("window 0");
    }
    const sack = optionsOf(item).sack;
    if (Array.isArray(sack)) {
        parts.push(`sack ${sack.map(([a, b]) => `${a}:${b}`).join(" ")}`);
    }
    return parts;
}

// Words stand on their line, which shows on both sides of them.
function onLine(view, text, x, y, colour) {
    const {g, colours} = view;
    if (!text) {
        return 0;
    }
    const width = g.measureText(text).width;
    g.fillStyle = view.ground || colours.panel;
    g.fillRect(x - 3, y - 8, width + 6, 15);
    g.fillStyle = colour;
    g.fillText(text, x, y + 4);
    return width;
}

function wireWords(view, lane, item, y, colour, slant) {
    const {g, colours} = view;
    const isSegment = item.type === "segment";
    const several = view.app.shown.size > 1;
    const parts = isSegment ? segmentWords(item) : otherWords(item);
    const fate = isSegment ? fateText(item) : "";
    // At the left end a line is that much higher or lower than at the peer's.
    const left = isSegment ? y + (item.s.out ? slant : -slant) * 0.8 : y;
    const held = isSegment && (item.s.fate === "delayed" || item.heldBack);
    const end = lane.x + (held ? 10 + GATE * (lane.width - 20) - 9 : lane.width - 22);
    const withheld = isSegment && item.s.withheld;
    const cross = withheld ? crossPlace(g, lane, item) * (lane.width - 20) + lane.x + 10 : end;
    let x = lane.x + 26;
    view.ground = item === view.app.focused || item === view.app.hovered ? colours.focus : colours.panel;
    g.font = "bold 12px system-ui, sans-serif";
    x += onLine(view, (several && item.conn ? `#${item.conn} ` : "") + parts[0], x, left, colour) + 8;
    g.font = MONO;
    const room = (withheld && !item.s.out ? cross - 12 : fate ? lane.x + lane.width * 0.62 : end) - x;
    x += onLine(view, fitted(g, parts.slice(1).join("  "), room), x, left, colours.faint) + 10;
    if (fate) {
        g.font = SMALL;
        const from = withheld && !item.s.out ? Math.max(x + 8, cross + 12) : x;
        if (from > cross + 12 && withheld && !item.s.out) {  // the words have covered it
            g.strokeStyle = colour;
            crossAt(g, x, left);
        }
        const text = fitted(g, fate, Math.max(end - from, 40));
        onLine(view, text, withheld && item.s.out ? from : Math.max(end - g.measureText(text).width, from), withheld && item.s.out ? left : y, colour);
    }
}

function otherWords(item) {
    const [, text, right] = eventParts(item);
    return [text, right];
}

function drawOther(view, lane, item, y, colour) {
    const {g} = view;
    if (item.type === "icmp") {
        const stopped = item.e.fate !== "sent";
        const x1 = lane.x + 10 + (stopped ? GATE - 0.16 : 0) * (lane.width - 20);
        g.setLineDash([2, 3]);
        g.lineWidth = 1.6;
        g.beginPath();
        g.moveTo(lane.x + lane.width - 10, y);
        g.lineTo(x1, y);
        g.stroke();
        g.setLineDash([]);
        if (stopped) {
            crossAt(g, x1, y);
        } else {
            head(g, x1, y, -1, 0);
        }
        return;
    }
    const x = lane.x + lane.width - 10;
    g.beginPath();
    g.moveTo(x - 6, y);
    g.lineTo(x, y - 6);
    g.lineTo(x + 6, y);
    g.lineTo(x, y + 6);
    g.fill();
}

function otherColour(colours, item) {
    return item.type === "icmp" && item.e.fate !== "sent" ? colours.bad
        : item.type === "rule" || item.type === "icmp" ? colours.edited : colours.text;
}

// From far away: how many segments went which way, in bars of both sides, and how many did not.
function drawDensity(view, lane) {
    const {g, colours} = view;
    const step = 3;
    const bins = new Map();
    let most = 1;
    for (const item of view.visible) {
        if (item.type !== "segment" || (view.app.rule !== null && item.rule !== view.app.rule)) {
            continue;
        }
        const at = Math.floor(view.sy(item.y) / step);
        const bin = bins.get(at) || {in: 0, out: 0, bad: 0, changed: 0};
        const kind = item.s.withheld ? "bad" : item.s.fate === "accepted" || item.s.fate === "sent" ? (item.s.out ? "out" : "in") : "changed";
        bin[kind] += 1;
        most = Math.max(most, bin.in, bin.out, bin.bad, bin.changed);
        bins.set(at, bin);
    }
    const room = lane.width * 0.42;
    for (const [at, bin] of bins) {
        const bar = (x, width, colour) => {
            g.fillStyle = colour;
            g.fillRect(x, at * step, width, step - 1);
        };
        bar(lane.x + 10, room * bin.in / most, colours.in);
        bar(lane.x + lane.width - 10 - room * bin.out / most, room * bin.out / most, colours.out);
        if (bin.bad + bin.changed > 0) {
            const width = Math.max(Math.min(bin.bad + bin.changed, most) / most * room, 5);
            bar(lane.x + lane.width / 2 - width / 2, width, bin.bad > 0 ? colours.bad : colours.edited);
        }
    }
    g.font = SMALL;
    view.ground = colours.panel;
    onLine(view, "from the program · withheld or changed · from the peer; zoom in for single segments", lane.x + 16, view.header + 14, colours.faint);
}

function drawFolds(view) {
    view.g.font = FONT;
    view.ground = view.colours.fold;
    for (const [text, x, y] of view.foldWords || []) {
        onLine(view, text, x, y - 4, view.colours.text);
    }
}

function drawWire(view, lane) {
    const {g, colours, app} = view;
    const {k} = app.ladder.transform;
    if (k < 0.12) {
        drawDensity(view, lane);
        drawFolds(view);
        return;
    }
    const slant = Math.min(5, 5 * k);
    const words = [];
    for (const item of view.visible) {
        if (item.lane !== "wire") {
            continue;
        }
        const y = view.sy(item.y);
        const colour = item.type === "segment" ? segmentColour(colours, item) : otherColour(colours, item);
        const faded = app.rule !== null && item.rule !== app.rule;
        g.globalAlpha = faded ? 0.16 : 1;
        if (item === app.focused || item === app.hovered) {
            g.fillStyle = colours.focus;
            g.fillRect(lane.x + 1, y - 10, lane.width - 2, 20);
        }
        g.strokeStyle = colour;
        g.fillStyle = colour;
        if (item.type === "segment") {
            drawSegment(view, lane, item, y, slant);
        } else {
            drawOther(view, lane, item, y, colour);
        }
        words.push([item, y, colour, faded]);
    }
    let last = -99;
    for (const [item, y, colour, faded] of words) {
        if (!faded && (y - last >= 14 || item === app.focused) && lane.width > 150) {
            g.globalAlpha = 1;
            wireWords(view, lane, item, y, colour, slant);
            last = y;
        }
    }
    g.globalAlpha = 1;
    drawFolds(view);
}
