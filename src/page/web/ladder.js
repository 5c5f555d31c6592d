// The time line itself: a canvas that draws what is in view, whatever the length of the run.
const HEADER = 26;

class Ladder {
    constructor(app) {
        this.app = app;
        this.box = document.getElementById("ladder");
        this.canvas = this.box.querySelector("canvas");
        this.g = this.canvas.getContext("2d");
        this.transform = d3.zoomIdentity;
        this.hovered = null;
        this.zoom = d3.zoom().filter(() => !(d3.event && (d3.event.type === "wheel" && !d3.event.ctrlKey)))
            .constrain((transform, [, [, room]]) => {
                const least = this.layout ? Math.min(room - this.layout.total * transform.k, 0) : 0;
                return d3.zoomIdentity.translate(0, Math.min(Math.max(transform.y, least), 0)).scale(transform.k);
            })
            .on("zoom", (event) => {
                this.transform = (d3.event || event).transform;
                this.ask();
            });
        this.selection = d3.select(this.box).call(this.zoom).on("dblclick.zoom", null);
        this.box.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
        this.box.addEventListener("mousemove", (event) => this.hover(event));
        this.box.addEventListener("mouseleave", () => this.app.hover(null));
        this.box.addEventListener("click", (event) => this.app.focus(this.hit(event)));
        new ResizeObserver(() => this.resize()).observe(this.box);
        matchMedia("print").addEventListener("change", () => {
            this.resize();
            this.draw();
        });
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.app.recolour());
    }

    // A plain wheel moves; at either end it is left to the page.
    wheel(event) {
        if (event.ctrlKey) {
            return;
        }
        const before = this.transform.y;
        const delta = event.deltaMode === 1 ? event.deltaY * 20 : event.deltaY;
        this.zoom.translateBy(this.selection, 0, -delta / this.transform.k);
        if (Math.abs(this.transform.y - before) > 0.5) {
            event.preventDefault();
        }
    }

    resize() {
        const ratio = window.devicePixelRatio || 1;
        this.width = this.box.clientWidth;
        this.height = this.box.clientHeight;
        this.canvas.width = Math.round(this.width * ratio);
        this.canvas.height = Math.round(this.height * ratio);
        this.ratio = ratio;
        this.limit();
        this.ask();
    }

    show(layout) {
        this.layout = layout;
        this.box.style.height = `min(78vh, ${Math.round(Math.min(Math.max(layout.total + HEADER + 6, 260), 900))}px)`;
        this.calls = layout.items.filter((item) => item.type === "call");
        this.threads = new Map();
        for (const item of this.calls) {
            const thread = item.e.tid ?? item.e.pid ?? 0;
            if (!this.threads.has(thread)) {
                this.threads.set(thread, this.threads.size);
            }
        }
        this.limit();
        this.ask();
    }

    // Zoom: from the whole run in view to rows that are far apart.
    limit() {
        if (!this.layout || !this.height) {
            return;
        }
        const room = this.height - HEADER;
        const least = Math.min(room / this.layout.total, 1);
        this.zoom.scaleExtent([least, 40]).extent([[0, 0], [this.width, room]]);
        this.selection.call(this.zoom.transform, d3.zoomIdentity.translate(0, this.transform.y)
            .scale(Math.max(this.transform.k, least)));
        this.zoom.translateBy(this.selection, 0, 0);
    }

    go(y, k = this.transform.k) {
        this.selection.call(this.zoom.transform,
                            d3.zoomIdentity.translate(0, this.height / 3 - y * k).scale(k));
        this.zoom.translateBy(this.selection, 0, 0);
    }

    fit() {
        this.selection.call(this.zoom.transform, d3.zoomIdentity.scale(1e-9));
        this.zoom.scaleTo(this.selection, Math.min((this.height - HEADER) / this.layout.total, 1));
        this.zoom.translateBy(this.selection, 0, 1e9);
    }

    by(factor) {
        this.zoom.scaleBy(this.selection, factor);
    }

    // Brings an event into view, with room for its words.
    reveal(item) {
        const y = this.sy(item.y);
        if (this.transform.k < 0.6) {
            this.go(item.y, 1);
        } else if (y < HEADER + 30 || y > this.height - 30) {
            this.go(item.y);
        }
    }

    sy(y) {
        return HEADER + this.transform.y + y * this.transform.k;
    }

    ask() {
        if (!this.asked) {
            this.asked = true;
            requestAnimationFrame(() => {
                this.asked = false;
                this.draw();
            });
        }
    }

    lanes() {
        const wide = this.width > 760;
        const tracks = this.layout.tracks.count;
        const gutter = 84;
        const program = wide ? (this.calls.length ? 70 + 90 * Math.min(this.threads.size, 3) : 104) : this.width > 560 ? 84 : 0;
        const kernel = this.app.record.hasSockets && this.width > 560 ? tracks > 1 ? 70 + 50 * tracks : 180 : 0;
        const peer = this.width <= 560 ? 0 : tracks > 1 ? 40 + 50 * tracks : 124;
        const wire = Math.max(this.width - gutter - program - kernel - peer - 14, 120);
        const lanes = {};
        let x = gutter;
        for (const [name, width] of [["program", program], ["kernel", kernel], ["wire", wire], ["peer", peer]]) {
            lanes[name] = {x, width};
            x += width;
        }
        return lanes;
    }

    draw() {
        if (!this.layout || !this.width) {
            return;
        }
        const {g, app, layout, width, height} = this;
        const colours = app.colours;
        g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        g.fillStyle = colours.panel;
        g.fillRect(0, 0, width, height);
        const top = -this.transform.y / this.transform.k;
        const from = firstBelow(layout.items, top - 40 / this.transform.k);
        const to = firstBelow(layout.items, top + height / this.transform.k);
        const view = {g, colours, layout, width, height, header: HEADER, lastNames: new Map(),
                      calls: this.calls, threads: this.threads, visible: layout.items.slice(from, to),
                      sy: (y) => this.sy(y), at: (t) => this.sy(heightOf(layout, t)), app};
        const lanes = this.lanes();
        this.drawBreaks(view, lanes);
        drawPeer(view, lanes.peer);
        if (lanes.kernel.width) {
            drawKernel(view, lanes.kernel);
        }
        drawProgram(view, lanes.program);
        drawWire(view, lanes.wire);
        this.drawTimes(view);
        this.drawHeader(view, lanes);
        this.drawScroll();
        app.overview.mark(timeAt(layout, top), timeAt(layout, top + (height - HEADER) / this.transform.k));
    }

    drawBreaks(view, lanes) {
        const {g, colours} = view;
        for (const one of this.layout.breaks) {
            const top = this.sy(one.top);
            const bottom = this.sy(one.bottom);
            if (bottom < 0 || top > this.height || bottom - top < 3) {
                continue;
            }
            const middle = (top + bottom) / 2;
            g.fillStyle = colours.fold;
            g.fillRect(0, top, this.width, bottom - top);
            g.strokeStyle = colours.line;
            g.lineWidth = 1;
            for (const y of [top, bottom]) {
                g.beginPath();
                for (let x = 0; x <= this.width; x += 8) {
                    g.lineTo(x, y + (x % 16 ? 2.5 : -2.5));
                }
                g.stroke();
            }
            if (bottom - top >= 15) {
                g.font = "bold 12px system-ui, sans-serif";
                g.textAlign = "right";
                g.fillStyle = colours.text;
                g.fillText(shortLength(one.gap), 76, middle + 4);
                g.textAlign = "left";
                const wait = this.app.waitWithin(one.from, one.to);
                g.font = FONT;
                const text = wait ? (wait.conn ? `#${wait.conn}: ` : "") + waitText(wait) : "nothing happened";
                view.foldWords = [...(view.foldWords || []),
                                  [fitted(g, text, lanes.wire.width + lanes.peer.width - 20), lanes.wire.x + 14, middle + 4]];
            }
        }
    }

    drawTimes(view) {
        const {g, colours} = view;
        g.font = MONO;
        g.textAlign = "right";
        let last = -99;
        let said = null;
        for (const item of view.visible) {
            const y = this.sy(item.y);
            if (y - last >= 13 && item.t !== said) {
                g.fillStyle = item === this.app.focused ? colours.text : colours.faint;
                g.fillText(secondsText(item.t), 76, y + 4);
                last = y;
                said = item.t;
            }
        }
        g.textAlign = "left";
    }

    drawHeader(view, lanes) {
        const {g, colours} = view;
        g.fillStyle = colours.head;
        g.fillRect(0, 0, this.width, HEADER - 1);
        g.fillStyle = colours.line;
        g.fillRect(0, HEADER - 1, this.width, 1);
        g.font = "bold 12px system-ui, sans-serif";
        g.fillStyle = colours.text;
        g.textAlign = "right";
        g.fillText("seconds", 76, 17);
        g.textAlign = "left";
        const words = {program: "Program", kernel: "Kernel socket", wire: "Wire", peer: "Peer"};
        for (const [name, lane] of Object.entries(lanes)) {
            if (!lane.width) {
                continue;
            }
            g.fillStyle = colours.text;
            g.fillText(words[name], lane.x + (name === "wire" ? 14 : 7), 17);
            g.fillStyle = colours.line;
            g.fillRect(lane.x, 0, 1, this.height);
        }
    }

    drawScroll() {
        const thumb = this.box.querySelector("#scroll i");
        const whole = this.layout.total * this.transform.k;
        const part = Math.min((this.height - HEADER) / whole, 1);
        thumb.style.height = `${Math.max(part * 100, 2)}%`;
        thumb.style.top = `${Math.min(-this.transform.y / whole, 1 - part) * 100}%`;
        thumb.parentNode.hidden = part >= 1;
    }

    // What the pointer is at: the nearest event of that lane.
    hit(event) {
        const box = this.box.getBoundingClientRect();
        const x = event.clientX - box.left;
        const y = event.clientY - box.top;
        const lanes = this.lanes();
        const lane = Object.keys(lanes).find((name) => x >= lanes[name].x && x < lanes[name].x + lanes[name].width);
        const base = (y - HEADER - this.transform.y) / this.transform.k;
        if (lane === "program") {
            const call = this.calls.find((item) => y >= this.sy(item.y) - 2 && y <= this.sy(item.bottom) + 2);
            if (call) {
                return call;
            }
        }
        const reach = lane === "kernel" || lane === "peer" ? Infinity : 14;
        let best = null;
        const from = reach === Infinity ? 0 : firstBelow(this.layout.items, base - 16 / this.transform.k);
        const to = firstBelow(this.layout.items, base + 16 / this.transform.k);
        for (let i = to - 1; i >= from && i >= to - 4000; i -= 1) {
            const item = this.layout.items[i];
            const distance = Math.abs(this.sy(item.y) - y);
            const fits = !lane || item.lane === lane;
            if (fits && reach === Infinity && this.sy(item.y) <= y + 3) {
                return item;
            }
            if (fits && distance < reach && (!best || distance < Math.abs(this.sy(best.y) - y))) {
                best = item;
            }
        }
        return best;
    }

    hover(event) {
        const item = this.layout ? this.hit(event) : null;
        this.box.style.cursor = item ? "pointer" : "";
        this.app.hover(item);
    }
}
