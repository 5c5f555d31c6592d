// The lanes beside the wire: the program's calls, its kernel's sockets, the peer's states.
const FONT = "12px system-ui, sans-serif";
const SMALL = "11px system-ui, sans-serif";
const MONO = "11px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

function halo(g, text, x, y, colour, background) {
    g.lineJoin = "round";
    g.lineWidth = 4;
    g.strokeStyle = background;
    g.strokeText(text, x, y);
    g.fillStyle = colour;
    g.fillText(text, x, y);
}

function fitted(g, text, width) {
    if (width < 12) {
        return "";
    }
    if (g.measureText(text).width <= width) {
        return text;
    }
    let cut = Math.max(Math.floor(text.length * width / g.measureText(text).width) - 1, 1);
    while (cut > 1 && g.measureText(text.slice(0, cut) + "…").width > width) {
        cut -= 1;
    }
    return text.slice(0, cut) + "…";
}

// A block of a lane with its name at its top, or where the view begins.
function block(view, x, width, top, bottom, name, colours) {
    const {g, height} = view;
    if (bottom < 0 || top > height || bottom - top < 0.3) {
        return;
    }
    const from = Math.max(top, -4);
    const to = Math.min(bottom, height + 4);
    g.fillStyle = colours.fill;
    g.fillRect(x, from, width, Math.max(to - from, 1));
    g.fillStyle = colours.edge;
    g.fillRect(x, from, 3, Math.max(to - from, 1));
    if (top > -4) {
        g.fillRect(x, top, width, 1);
    }
    const place = Math.max(top, view.header) + 12;
    if (place < Math.min(bottom + 2, height) && place - (view.lastNames.get(x) ?? -99) >= 12) {
        g.font = width < 110 ? SMALL : FONT;
        g.fillStyle = view.colours.text;
        g.fillText(fitted(g, name, width - 10), x + 7, place);
        view.lastNames.set(x, place);
    }
}

const blockName = (view, conn, state) => (view.layout.tracks.count > 1 ? `#${conn.id} ${state}` : state);

const trackOf = (view, lane, conn) => {
    const track = view.layout.tracks.of.get(conn);
    const width = (lane.width - 8) / view.layout.tracks.count;
    return track === undefined ? null : {x: lane.x + 4 + track * width, width: width - 3};
};

function drawPeer(view, lane) {
    for (const conn of view.layout.record.conns.values()) {
        const place = view.layout.tracks.of.has(conn.id) ? trackOf(view, lane, conn.id) : null;
        if (!place) {
            continue;
        }
        conn.states.forEach((item, i) => {
            const next = conn.states[i + 1];
            if (item.e.to === "closed" && !next) {
                const y = view.at(item.t);
                if (y > 0 && y < view.height) {
                    view.g.font = SMALL;
                    view.g.fillStyle = view.colours.faint;
                    view.g.fillText(fitted(view.g, "CLOSED", place.width), place.x + 7, y + 12);
                    view.g.fillRect(place.x, y, place.width, 1);
                }
                return;
            }
            block(view, place.x, place.width, view.at(item.t), view.at(next ? next.t : view.layout.record.end),
                  blockName(view, conn, stateName(item.e.to)), {fill: view.colours.peerFill, edge: view.colours.out});
        });
    }
}

function drawQueues(view, place, e, top, bottom, most) {
    const {g, colours} = view;
    const right = place.x + place.width - 26;
    const room = place.width * 0.4;
    for (const [bytes, colour] of [[e.send_q, colours.in], [e.recv_q, colours.out]]) {
        if (bytes > 0) {
            const width = Math.max(room * bytes / most, 3);
            g.fillStyle = colour;
            g.globalAlpha = 0.3;
            g.fillRect(right - width, top, width, Math.max(bottom - top, 1));
            g.globalAlpha = 1;
        }
    }
    const words = [e.send_q > 0 ? `send-q ${e.send_q}` : "", e.recv_q > 0 ? `recv-q ${e.recv_q}` : ""]
        .filter(Boolean).join(" ");
    return words;
}

// `ss` calls the retransmission timer `on`.
const TIMERS = {on: "retransmit", persist: "window probe", timewait: "forgotten"};

// Each sample shows the timer running down to the moment at which it is to fire.
function drawTimer(view, place, item, top, bottom) {
    const {g, colours} = view;
    const e = item.e;
    const fires = view.at(item.t + (e.expires || 0) * 1e9);
    const end = Math.min(fires, bottom);
    const x = place.x + place.width - 14;
    g.fillStyle = colours.timer;
    g.globalAlpha = 0.5;
    g.beginPath();
    g.moveTo(x - 8, top);
    g.lineTo(x + 8, top);
    const part = fires > top ? 1 - (end - top) / (fires - top) : 0;
    g.lineTo(x + 8 * part, end);
    g.lineTo(x - 8 * part, end);
    g.fill();
    g.globalAlpha = 1;
    if (fires <= bottom + 1) {
        g.fillRect(x - 4, fires - 1.5, 8, 3);
    }
    return `${TIMERS[e.timer] || e.timer} in ${shortLength((e.expires || 0) * 1e9)}`;
}

function drawKernel(view, lane) {
    const {g, colours} = view;
    for (const conn of view.layout.record.conns.values()) {
        const place = view.layout.tracks.of.has(conn.id) ? trackOf(view, lane, conn.id) : null;
        if (!place || conn.sockets.length === 0) {
            continue;
        }
        const most = Math.max(...conn.sockets.map((one) => Math.max(one.e.recv_q || 0, one.e.send_q || 0)), 1);
        const words = [];
        const spans = conn.sockets.map((item, i) => {
            const next = conn.sockets[i + 1];
            return [item, view.at(item.t), view.at(next ? next.t : view.layout.record.end), next];
        });
        let since = null;
        for (const [item, top, bottom, next] of spans) {
            since = since === null ? top : since;
            if (item.e.state !== "GONE" && (!next || next.e.state !== item.e.state)) {
                block(view, place.x, place.width, since, bottom, blockName(view, conn, item.e.state),
                      {fill: colours.kernelFill, edge: colours.kernel});
                since = null;
            }
        }
        for (const [item, top, bottom] of spans) {
            if (item.e.state !== "GONE" && bottom >= 0 && top <= view.height) {
                words.push([item, top, bottom, drawQueues(view, place, item.e, top, bottom, most),
                            item.e.timer && item.e.timer !== "none" ? drawTimer(view, place, item, top, bottom) : ""]);
            } else if (item.e.state === "GONE" && top >= 0 && top <= view.height) {
                g.fillStyle = colours.faint;
                g.font = SMALL;
                g.fillRect(place.x, top, place.width, 1);
                g.fillText("gone", place.x + 7, top + 12);
            }
        }
        let last = view.lastNames.get(place.x) ?? -99;
        for (const [item, top, bottom, queues, timer] of words) {
            const lines = [timer, item.e.retries ? `${item.e.retries} unanswered` : "", queues].filter(Boolean);
            for (const [i, text] of lines.entries()) {
                const y = Math.max(top, view.header) + 25 + 12 * i;
                if (text && y - last >= 12 && y < Math.max(bottom, top + 27)) {
                    g.font = SMALL;
                    halo(g, fitted(g, text, place.width - 32), place.x + 7, y, colours.faint, colours.kernelFill);
                    last = y;
                }
            }
        }
    }
}

function drawCall(view, item, x, width) {
    const {g, colours} = view;
    const top = view.sy(item.y);
    const bottom = Math.max(view.sy(item.bottom), top + 3);
    if (bottom < 0 || top > view.height) {
        return;
    }
    const failed = Boolean(item.e.errno) && item.e.errno !== "EINPROGRESS" && item.e.errno !== "EAGAIN";
    const open = item.took === null;
    const colour = failed ? colours.bad : open ? colours.delayed : colours.call;
    g.fillStyle = colour;
    g.globalAlpha = 0.22;
    g.fillRect(x, top, width, bottom - top);
    g.globalAlpha = 1;
    g.fillRect(x, top, 3, bottom - top);
    g.fillRect(x, top, width, 1);
    const y = Math.max(top, view.header) + 11;
    if (y - (view.lastNames.get(`call${x}`) ?? -99) >= 12) {
        g.font = SMALL;
        const words = `${failed ? "✕ " : open ? "… " : ""}${item.e.name}(${item.e.fd ?? ""})` +
            (failed ? ` ${item.e.errno}` : open ? " not returned" : "");
        halo(g, fitted(g, words, width - 6), x + 6, y, failed ? colours.bad : colours.text, colours.panel);
        view.lastNames.set(`call${x}`, y);
    }
}

function drawProgram(view, lane) {
    const {g, colours} = view;
    const threads = view.threads;
    const width = (lane.width - 8) / Math.max(Math.min(threads.size, 3), 1);
    for (const item of view.calls) {
        const track = Math.min(threads.get(item.e.tid ?? item.e.pid ?? 0) ?? 0, 2);
        drawCall(view, item, lane.x + 4 + track * width, width - 3);
    }
    g.font = SMALL;
    for (const item of view.visible) {
        if (item.lane !== "program" || item.type === "call") {
            continue;
        }
        const y = view.sy(item.y);
        if (y - (view.lastNames.get("program") ?? -99) < 12) {
            continue;
        }
        const exit = item.type === "exit";
        const text = exit ? `■ ${item.e.signal === undefined ? `status ${item.e.status}` : item.e.signal_name}`
            : `▸ ${view.app.shown.size > 1 ? `#${item.conn} ` : ""}attempt ${item.e.attempt}`;
        g.fillStyle = colours.faint;
        g.fillRect(lane.x, y, lane.width, 1);
        halo(g, fitted(g, text, lane.width - 8), lane.x + 6, y + 12, exit ? colours.text : colours.faint, colours.panel);
        view.lastNames.set("program", y);
    }
}
