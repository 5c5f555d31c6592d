// Puts the parts together, and keeps what is shown, chosen and in focus.
const MOST_CHIPS = 24;
const MOST_LINES = 3000;

class App {
    constructor(record) {
        this.record = record;
        record.waitGroups = findWaits(record);
        this.waits = record.waits;
        this.shown = new Set(record.conns.keys());
        this.fold = true;
        this.rule = null;
        this.focused = null;
        this.hovered = null;
        this.readColours();
        this.ladder = new Ladder(this);
        this.overview = new Overview(this);
        verdictCard(this);
        remarks(this);
        waitsCard(this);
        rulesCard(this);
        connectionsCard(this);
        expectationsCard(this);
        this.connectionTools();
        this.tools();
        this.sequence = new Sequence(this);
        this.layOut();
        this.overview.draw();
        this.focus(null);
        d3.select("footer").text(`Made by ghostpeer ${record.head.version} from ${many(record.head.events, "event")}.`);
        d3.select("#text").on("toggle", () => this.writeText());
    }

    readColours() {
        const style = getComputedStyle(document.documentElement);
        this.colours = {};
        for (const name of ["text", "faint", "panel", "line", "head", "fold", "focus", "in", "out", "bad", "delayed",
                            "edited", "kernel", "timer", "call", "peer-fill", "kernel-fill"]) {
            this.colours[name.replace(/-(.)/g, (_, c) => c.toUpperCase())] = style.getPropertyValue(`--${name}`).trim();
        }
    }

    recolour() {
        this.readColours();
        this.ladder.ask();
        this.sequence.drawn = null;
        this.sequence.layOut();
    }

    layOut() {
        this.layout = layOut(this.record, this.shown, this.fold);
        this.ladder.show(this.layout);
        for (const button of document.querySelectorAll("button[data-conn]")) {
            button.setAttribute("aria-pressed", String(this.shown.has(Number(button.dataset.conn))));
        }
        const without = this.layout.tracks.without;
        d3.select("#connections").select(".without").text(without
            ? `The states of ${many(without, "connection")} have no room beside the others.` : "");
    }

    connectionTools() {
        const ids = [...this.record.conns.keys()];
        const box = d3.select("#connections");
        if (ids.length < 2) {
            return;
        }
        box.append("button").attr("type", "button").text("All").on("click", () => this.showSome(ids));
        for (const id of ids.slice(0, MOST_CHIPS)) {
            box.append("button").attr("type", "button").attr("data-conn", id).attr("aria-pressed", "true")
                .attr("title", this.record.conns.get(id).peer).text(`#${id}`).on("click", () => this.toggle(id));
        }
        if (ids.length > MOST_CHIPS) {
            box.append("input").attr("type", "text").attr("placeholder", "1, 5-9").attr("aria-label", "Connections to show, such as 1, 5-9")
                .on("change", () => this.showSome(this.parse(box.select("input").property("value"), ids)));
        }
        box.append("span").attr("class", "without faint");
    }

    parse(text, ids) {
        const wanted = new Set();
        for (const part of text.split(/[\s,]+/)) {
            const [from, to] = part.replace(/#/g, "").split("-").map(Number);
            ids.filter((id) => id >= from && id <= (to || from)).forEach((id) => wanted.add(id));
        }
        return wanted.size ? [...wanted] : ids;
    }

    // The first click on one of all shows it alone; further ones add and remove.
    toggle(id) {
        const all = this.shown.size === this.record.conns.size;
        const next = new Set(all ? [id] : this.shown);
        if (!all && next.has(id)) {
            next.delete(id);
        } else {
            next.add(id);
        }
        this.showSome(next.size ? next : this.record.conns.keys());
    }

    showSome(ids) {
        const middle = timeAt(this.layout, -this.ladder.transform.y / this.ladder.transform.k);
        this.shown = new Set(ids);
        if (this.focused && this.focused.conn && !this.shown.has(this.focused.conn)) {
            this.focus(null);
        }
        this.layOut();
        this.lookAt(middle);
    }

    showOnly(id) {
        this.shown = new Set([id]);
        this.layOut();
        this.lookAt(this.record.conns.get(id).first);
        this.toTimeline();
    }

    toTimeline() {
        document.getElementById("timeline").scrollIntoView({block: "start"});
    }

    tools() {
        const on = (id, act) => document.getElementById(id).addEventListener("click", act);
        on("zoom-in", () => this.ladder.by(1.6));
        on("zoom-out", () => this.ladder.by(1 / 1.6));
        on("fit", () => this.ladder.fit());
        on("fold", () => {
            this.fold = !this.fold;
            document.getElementById("fold").setAttribute("aria-pressed", String(this.fold));
            const time = timeAt(this.layout, -this.ladder.transform.y / this.ladder.transform.k);
            this.layOut();
            this.lookAt(time);
        });
        this.ladder.box.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
        const page = this.ladder.height * 0.8 / this.ladder.transform.k;
        const {zoom, selection} = this.ladder;
        const acts = {
            ArrowDown: () => this.step(1), ArrowUp: () => this.step(-1),
            ArrowRight: () => this.step(1, true), ArrowLeft: () => this.step(-1, true),
            PageDown: () => zoom.translateBy(selection, 0, -page), PageUp: () => zoom.translateBy(selection, 0, page),
            Home: () => this.ladder.go(0), End: () => this.ladder.go(this.layout.total),
            "+": () => this.ladder.by(1.6), "=": () => this.ladder.by(1.6), "-": () => this.ladder.by(1 / 1.6),
            0: () => this.ladder.fit(),
            Escape: () => {
                this.chooseRule(null);
                this.focus(null);
            },
        };
        if (acts[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
            event.preventDefault();
            acts[event.key]();
        }
    }

    // The next event of any kind; or the next that a rule touched (the chosen one, if one is chosen).
    step(by, touched = false) {
        const {items} = this.layout;
        const view = -this.ladder.transform.y / this.ladder.transform.k;
        let at = this.focused ? items.indexOf(this.focused) : firstBelow(items, view) - (by > 0 ? 1 : 0);
        do {
            at += by;
        } while (at >= 0 && at < items.length &&
                 ((touched && items[at].rule === null) || (this.rule !== null && items[at].rule !== this.rule)));
        if (at >= 0 && at < items.length) {
            this.focus(items[at]);
            this.ladder.reveal(items[at]);
        }
    }

    hover(item) {
        if (item !== this.hovered) {
            this.hovered = item;
            showDetail(this, item || this.focused);
            this.ladder.ask();
        }
    }

    focus(item) {
        this.focused = item;
        showDetail(this, item);
        document.getElementById("live").textContent = item ? traceLine(item).trim() : "";
        this.ladder.ask();
    }

    chooseRule(key) {
        this.rule = this.rule === key ? null : key;
        for (const button of document.querySelectorAll("button[data-rule]")) {
            button.setAttribute("aria-pressed", String(button.dataset.rule === this.rule));
        }
        const rule = this.rule === null ? null : this.record.rules.get(this.rule);
        document.getElementById("live").textContent = rule ? `${rule.key}: ${many(rule.touched.length, "event")} shown` : "";
        if (rule && rule.touched.length) {
            const first = rule.touched.find((item) => !item.conn || this.shown.has(item.conn));
            if (!first) {
                this.showSome(this.record.conns.keys());
            }
            this.ladder.reveal(first || rule.touched[0]);
            this.toTimeline();
        }
        this.ladder.ask();
    }

    showWait(group) {
        if (group.conn && !this.shown.has(group.conn)) {
            this.showSome([...this.shown, group.conn]);
        }
        const longest = group.waits.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
        this.lookAt(longest.from);
        this.toTimeline();
    }

    // The wait that tells most of a time in which nothing happened on the connections shown.
    waitWithin(from, to) {
        let best = null;
        let most = 0;
        for (const wait of this.waits.slice(0, 400)) {
            const both = Math.min(wait.to, to) - Math.max(wait.from, from);
            const rank = both > 0.7 * (to - from) ? both * (wait.cause ? 2 : 1) / (wait.to - wait.from) : 0;
            if ((!wait.conn || this.shown.has(wait.conn)) && rank > most) {
                [best, most] = [wait, rank];
            }
        }
        return best;
    }

    lookAt(time) {
        this.ladder.go(heightOf(this.layout, time), Math.max(this.ladder.transform.k, Math.min(1, this.ladder.transform.k * 4)));
    }

    writeText() {
        const pre = document.querySelector("#text pre");
        if (!pre.textContent) {
            const lines = this.record.items.slice(0, MOST_LINES).map(traceLine);
            const more = this.record.items.length - lines.length;
            pre.textContent = lines.join("\n") + (more > 0 ? `\n… ${many(more, "more event")}; the record has them.` : "");
        }
    }
}

function main() {
    const began = performance.now();
    const app = new App(readRecord(document.getElementById("record").textContent));
    document.documentElement.dataset.ready = String(Math.round(performance.now() - began));
    window.ghostpeer = app;  // for whoever wants to ask more of the record than the page shows
}
