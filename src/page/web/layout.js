// Where each event stands on the time line, from top to bottom. Time runs evenly while little of it
// passes; where nothing happens for long it is folded into a break.
const ROWS = {wire: 24, program: 17, kernel: 16, peer: 16};
const FOLD_FROM = 120e6;   // ns
const PX_PER_NS = 0.12e-6;
const MOST_TRACKS = 4;

const foldHeight = (gap) => 52 + 9 * Math.log10(gap / FOLD_FROM);

function layOut(record, shown, fold) {
    const items = record.items.filter((item) => !item.conn || shown.has(item.conn));
    const even = 2400 / record.end;
    const lanes = {};
    const breaks = [];
    let y = 4;
    let time = 0;
    const step = (t) => {
        const gap = t - time;
        const long = fold && gap > FOLD_FROM;
        const height = long ? foldHeight(gap) : gap * (fold ? PX_PER_NS : even);
        return [long, height, gap];
    };
    for (const item of items) {
        const [long, height, gap] = step(item.t);
        const room = (lanes[item.lane] ?? -20) + ROWS[item.lane];
        const next = Math.max(y + height, room, y);
        if (long) {
            breaks.push({top: Math.max(y + 13, next - height + 13), bottom: next - 16, gap, from: time, to: item.t});
        }
        item.y = next;
        lanes[item.lane] = next;
        y = next;
        time = item.t;
    }
    const [long, height, gap] = step(record.end);
    if (long) {
        breaks.push({top: y + 13, bottom: y + height - 6, gap, from: time, to: record.end});
    }
    const end = y + Math.max(height, 8);
    const layout = {items, breaks, total: end + 24, end, record, tracks: assignTracks(record, shown)};
    for (const item of items) {
        if (item.type === "call") {
            item.bottom = heightOf(layout, item.until);
        }
    }
    return layout;
}

// Where the first event is that is at or after a time, and at or below a height.
const firstAt = d3.bisector((item) => item.t).left;
const firstBelow = d3.bisector((item) => item.y).left;

function heightOf(layout, t) {
    const {items, record} = layout;
    const at = firstAt(items, t);
    if (at < items.length && items[at].t === t) {
        return items[at].y;
    }
    const before = at > 0 ? items[at - 1] : {t: 0, y: 4};
    const after = at < items.length ? items[at] : {t: record.end, y: layout.end};
    const part = after.t > before.t ? (t - before.t) / (after.t - before.t) : 1;
    return before.y + Math.min(Math.max(part, 0), 1) * (after.y - before.y);
}

function timeAt(layout, y) {
    const {items, record} = layout;
    const at = firstBelow(items, y);
    const before = at > 0 ? items[at - 1] : {t: 0, y: 4};
    const after = at < items.length ? items[at] : {t: record.end, y: layout.end};
    const part = after.y > before.y ? (y - before.y) / (after.y - before.y) : 1;
    return before.t + Math.min(Math.max(part, 0), 1) * (after.t - before.t);
}

// Connections that never live at the same time share a track of the lanes of states.
function assignTracks(record, shown) {
    const ends = [];
    const of = new Map();
    let without = 0;
    for (const conn of record.conns.values()) {
        if (!shown.has(conn.id)) {
            continue;
        }
        const last = conn.sockets.length ? Math.max(conn.last, conn.sockets[conn.sockets.length - 1].t) : conn.last;
        let track = ends.findIndex((end) => end < conn.first);
        if (track < 0 && ends.length < MOST_TRACKS) {
            track = ends.length;
        }
        if (track < 0) {
            without += 1;
            continue;
        }
        ends[track] = last;
        of.set(conn.id, track);
    }
    return {of, count: Math.max(ends.length, 1), without};
}
