// The time-sequence graph of one connection and direction, as tcptrace and xplot draw it: what was
// sent, what was acknowledged, the window, what was sent again, and what SACK told.
const MANY_BYTES = 20_000;

class Sequence {
    constructor(app) {
        this.app = app;
        this.box = document.getElementById("graph");
        this.section = document.getElementById("sequence");
        const conns = [...app.record.conns.values()].filter((conn) =>
            Math.max(conn.bytesIn, conn.bytesOut) >= MANY_BYTES && conn.items.length > 8);
        if (conns.length === 0) {
            return;
        }
        this.section.hidden = false;
        conns.sort((a, b) => b.bytesIn + b.bytesOut - a.bytesIn - a.bytesOut);
        this.choose(conns[0], conns[0].bytesOut > conns[0].bytesIn);
        this.tools(conns.slice(0, 200));
        new ResizeObserver(() => this.layOut()).observe(this.box);
        // Not before somebody looks at it.
        new IntersectionObserver((entries) => {
            this.seen = this.seen || entries.some((entry) => entry.isIntersecting);
            this.layOut();
        }, {rootMargin: "300px"}).observe(this.section);
    }

    tools(conns) {
        const select = d3.select("#sequence-tools").append("select").attr("aria-label", "Connection and direction");
        for (const conn of conns) {
            for (const out of [conn.bytesOut > conn.bytesIn, conn.bytesOut <= conn.bytesIn]) {
                if ((out ? conn.bytesOut : conn.bytesIn) > 0) {
                    select.append("option").property("value", `${conn.id} ${out}`)
                        .text(`#${conn.id}, ${out ? "peer to program" : "program to peer"}, ` +
                              `${many(out ? conn.bytesOut : conn.bytesIn, "byte")}`);
                }
            }
        }
        select.on("change", () => {
            const [id, out] = select.property("value").split(" ");
            this.choose(this.app.record.conns.get(Number(id)), out === "true");
            this.layOut();
        });
        d3.select("#sequence-tools").append("button").attr("type", "button").text("All")
            .on("click", () => this.surface.call(this.zoom.transform, d3.zoomIdentity));
    }

    // Numbers beyond 2^31 are told modulo 2^32: they go on from the last.
    choose(conn, out) {
        this.conn = conn;
        this.out = out;
        this.sent = [];
        this.acks = [];
        this.sacks = [];
        let last = 0;
        const unwrap = (n) => {
            let near = n;
            while (near - last < -(2 ** 31)) {
                near += 2 ** 32;
            }
            last = Math.max(last, near);
            return near;
        };
        let highest = 0;
        let edge = 0;
        for (const item of conn.items) {
            if (item.type !== "segment" || item.s.fate === "delayed") {
                continue;
            }
            if (item.s.out === out && item.len > 0) {
                const from = unwrap(item.seq);
                this.sent.push({item, t: item.t, from, to: from + item.len});
            } else if (item.s.out !== out && item.s.flags.includes("A") && !item.s.flags.includes("R")) {
                const ack = unwrap(item.ack);
                if (!item.s.withheld) {
                    highest = Math.max(highest, ack);
                    edge = Math.max(ack + item.window, edge);
                    this.acks.push({t: item.t, ack: highest, edge: ack + item.window});
                }
                for (const [from, to] of optionsOf(item).sack || []) {
                    this.sacks.push({t: item.t, from, to});
                }
            }
        }
    }

    layOut() {
        const width = this.box.clientWidth;
        if (!width || !this.conn || !this.seen || (width === this.width && this.drawn === this.sent)) {
            return;
        }
        this.drawn = this.sent;
        const height = 380;
        const room = {left: 84, right: 14, top: 10, bottom: 30};
        Object.assign(this, {width, height, room});
        const root = d3.select(this.box);
        root.selectAll("*").remove();
        const kinds = [["sent", "sent"], ["sent again", "again"], ["withheld", "bad"], ["acknowledged", "ack"],
                       ["window", "edge"], ["SACK", "sack"]];
        const legend = root.append("p").attr("class", "legend");
        for (const [text, kind] of kinds) {
            legend.append("span").attr("class", `key ${kind}`).text(text);
        }
        const canvas = root.append("canvas").style("width", `${width}px`).style("height", `${height}px`);
        this.ratio = window.devicePixelRatio || 1;
        canvas.attr("width", width * this.ratio).attr("height", height * this.ratio)
            .attr("role", "img").attr("tabindex", 0).attr("aria-label", this.words());
        const svg = root.append("svg").attr("class", "over").attr("width", width).attr("height", height).attr("aria-hidden", "true");
        this.axisX = svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - room.bottom})`);
        this.axisY = svg.append("g").attr("class", "axis").attr("transform", `translate(${room.left},0)`);
        this.canvas = canvas;
        const all = this.sent;
        const begin = this.conn.first;
        const end = Math.max(this.conn.last, begin + 1e6);
        const top = d3.max(all, (d) => d.to) || 1;
        this.x0 = d3.scaleLinear().domain([begin / 1e9, end / 1e9]).range([room.left, width - room.right]);
        this.y0 = d3.scaleLinear().domain([0, top * 1.04]).range([height - room.bottom, room.top]);
        this.zoom = d3.zoom().scaleExtent([1, 20000]).extent([[room.left, room.top], [width - room.right, height - room.bottom]])
            .translateExtent([[room.left, room.top], [width - room.right, height - room.bottom]])
            .filter((event) => {
                const e = d3.event || event;
                return e.type !== "wheel" || e.ctrlKey;
            })
            .on("zoom", (event) => this.draw((d3.event || event).transform));
        this.surface = canvas.call(this.zoom);
        canvas.on("keydown", (event) => this.key(d3.event || event));
        this.draw(d3.zoomIdentity);
    }

    key(event) {
        const moves = {ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60]};
        if (moves[event.key]) {
            const k = d3.zoomTransform(this.canvas.node()).k;
            this.zoom.translateBy(this.surface, moves[event.key][0] / k, moves[event.key][1] / k);
        } else if (event.key === "+" || event.key === "-") {
            this.zoom.scaleBy(this.surface, event.key === "+" ? 1.5 : 1 / 1.5);
        } else if (event.key === "0") {
            this.surface.call(this.zoom.transform, d3.zoomIdentity);
        } else {
            return;
        }
        event.preventDefault();
    }

    words() {
        const again = this.sent.filter((d) => d.item.s.again).length;
        const lost = this.sent.filter((d) => d.item.s.withheld).length;
        return `Connection ${this.conn.id}, ${this.out ? "peer to program" : "program to peer"}: ` +
            `${many(this.sent.length, "data segment")}, ${again} sent again, ${lost} withheld, ` +
            `${many(this.acks.length, "acknowledgement")}. Arrow keys move, plus and minus zoom, 0 shows all.`;
    }

    draw(transform) {
        const x = transform.rescaleX(this.x0);
        const y = transform.rescaleY(this.y0);
        this.axisX.call(d3.axisBottom(x).ticks(Math.max(this.width / 120, 3)).tickFormat((s) => `${d3.format("~g")(Number(s.toFixed(6)))} s`));
        this.axisY.call(d3.axisLeft(y).ticks(6).tickFormat(d3.format("~s")));
        const g = this.canvas.node().getContext("2d");
        const {colours} = this.app;
        const {left, right, top, bottom} = this.room;
        g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        g.fillStyle = colours.panel;
        g.fillRect(0, 0, this.width, this.height);
        g.save();
        g.beginPath();
        g.rect(left, top, this.width - left - right, this.height - top - bottom);
        g.clip();
        this.steps(g, x, y, "edge", colours.delayed, [5, 3]);
        this.steps(g, x, y, "ack", colours.out, []);
        this.bars(g, x, y, colours);
        g.restore();
    }

    steps(g, x, y, field, colour, dash) {
        g.strokeStyle = colour;
        g.lineWidth = 1.5;
        g.setLineDash(dash);
        g.beginPath();
        let last = null;
        for (const one of this.acks) {
            const px = x(one.t / 1e9);
            const py = y(one[field]);
            if (last !== null) {
                g.lineTo(px, last);
            }
            g.lineTo(px, py);
            last = py;
        }
        g.stroke();
        g.setLineDash([]);
    }

    // One stroke for all of a kind: there may be a hundred thousand.
    bars(g, x, y, colours) {
        const [from, to] = x.domain();
        const inView = ({t}) => t / 1e9 >= from && t / 1e9 <= to;
        const stroke = (list, colour, width, alpha, more) => {
            g.strokeStyle = colour;
            g.lineWidth = width;
            g.globalAlpha = alpha;
            g.beginPath();
            for (const one of list) {
                const px = x(one.t / 1e9);
                const top = Math.min(y(one.to), y(one.from) - 1.5);
                g.moveTo(px, y(one.from));
                g.lineTo(px, top);
                if (more) {
                    more(px, top, y(one.from));
                }
            }
            g.stroke();
            g.globalAlpha = 1;
        };
        stroke(this.sacks.filter(inView), colours.edited, 1, 0.6);
        const sent = this.sent.filter(inView);
        stroke(sent.filter((one) => !one.item.s.again && !one.item.s.withheld), colours.in, 1.8, 1);
        stroke(sent.filter((one) => one.item.s.again && !one.item.s.withheld), colours.delayed, 2.5, 1, (px, top) => {
            g.moveTo(px - 4, top);
            g.lineTo(px + 4, top);
        });
        stroke(sent.filter((one) => one.item.s.withheld), colours.bad, 2, 1, (px, top, bottom) => {
            const middle = (top + bottom) / 2;
            g.moveTo(px - 5, middle - 5);
            g.lineTo(px + 5, middle + 5);
            g.moveTo(px + 5, middle - 5);
            g.lineTo(px - 5, middle + 5);
        });
    }
}
