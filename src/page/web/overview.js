// The whole run from left to right in true time: a row a connection, and where the time line looks.
const MOST_ROWS = 10;

class Overview {
    constructor(app) {
        this.app = app;
        this.box = document.getElementById("overview");
        new ResizeObserver(() => this.draw()).observe(this.box);
    }

    rows() {
        const conns = [...this.app.record.conns.values()];
        const rows = conns.slice(0, MOST_ROWS).map((conn) => ({name: `#${conn.id}`, conns: [conn]}));
        if (conns.length > MOST_ROWS) {
            rows.push({name: `${conns.length - MOST_ROWS} more`, conns: conns.slice(MOST_ROWS)});
        }
        return rows;
    }

    draw() {
        const {record} = this.app;
        this.byConn = new Map();
        for (const wait of this.app.waits.slice(0, 60)) {
            this.byConn.set(wait.conn, [...(this.byConn.get(wait.conn) || []), wait]);
        }
        const rows = this.rows();
        const width = this.box.clientWidth;
        if (!width) {
            return;
        }
        const left = 84;
        const rowHeight = 26;
        const lone = this.app.waits.filter((wait) => !wait.conn).slice(0, 40);
        const top = lone.length ? 24 : 6;
        const height = top + rows.length * rowHeight + 26;
        this.x = d3.scaleLinear().domain([0, record.end / 1e9]).range([left, width - 24]);
        d3.select(this.box).selectAll("*").remove();
        const svg = d3.select(this.box).append("svg").attr("width", width).attr("height", height)
            .attr("role", "img").attr("aria-label", `The run from 0 to ${lengthText(record.end)}: ` +
                record.waitGroups.slice(0, 3).map((g) => `${lengthText(g.total)}: ${waitText(g)}`).join("; "));
        svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 24})`)
            .call(d3.axisBottom(this.x).ticks(Math.max(width / 110, 3)).tickFormat((s) => shortLength(s * 1e9)));
        lone.forEach((wait) => this.wait(svg, wait, 4, 15));
        rows.forEach((row, i) => this.row(svg, row, top + i * rowHeight, rowHeight));
        this.window = svg.append("rect").attr("class", "window").attr("y", 2).attr("height", height - 26);
        svg.append("rect").attr("x", left).attr("width", Math.max(width - 24 - left, 0)).attr("height", height - 24)
            .attr("class", "touch").call(d3.drag().on("start drag", (event) => {
                const at = (d3.event || event).x;
                this.app.lookAt(Math.min(Math.max(this.x.invert(at) * 1e9, 0), record.end));
            }));
        if (this.shown) {
            this.mark(...this.shown);
        }
    }

    // The longest waits, each on the row of its connection; those without one are above all.
    wait(parent, wait, y, height) {
        const x = this.x(wait.from / 1e9);
        const width = this.x(wait.to / 1e9) - x;
        if (width < 4) {
            return;
        }
        const g = parent.append("g").attr("class", "wait");
        g.append("rect").attr("x", x + 1).attr("width", Math.max(width - 2, 1)).attr("y", y).attr("height", height)
            .attr("rx", 2).append("title").text(`${lengthText(wait.to - wait.from)}: ${waitText(wait)}`);
        if (width > 52) {
            g.append("text").attr("x", x + width / 2).attr("y", y + height - 4).attr("text-anchor", "middle")
                .text(shortLength(wait.to - wait.from));
        }
    }

    row(svg, row, y, height) {
        const g = svg.append("g");
        const middle = y + height / 2;
        g.append("text").attr("class", "name").attr("x", 76).attr("y", middle + 4).attr("text-anchor", "end").text(row.name);
        const marks = {in: new Set(), out: new Set(), bad: new Set(), changed: new Set()};
        for (const conn of row.conns) {
            const end = conn.over === null ? exitTime(this.app.record) : conn.over;
            g.append("rect").attr("class", conn.over === null ? "life open" : "life").attr("x", this.x(conn.first / 1e9))
                .attr("width", Math.max(this.x(end / 1e9) - this.x(conn.first / 1e9), 2)).attr("y", middle - 8)
                .attr("height", 16).attr("rx", 2)
                .append("title").text(`#${conn.id} ${conn.program} → ${conn.peer}`);
            this.byConn.get(conn.id)?.forEach((wait) => this.wait(g, wait, middle - 7.5, 15));
            for (const item of conn.items) {
                if (item.type === "segment") {
                    const at = Math.round(this.x(item.t / 1e9) * 2) / 2;
                    marks[item.s.withheld ? "bad" : item.s.fate === "delayed" || item.s.fate === "edited" ||
                        item.s.fate === "corrupted" || item.s.fate === "duplicated" ? "changed"
                        : item.s.out ? "out" : "in"].add(at);
                }
            }
        }
        const path = (set, draw) => [...set].map(draw).join("");
        g.append("path").attr("class", "in").attr("d", path(marks.in, (x) => `M${x},${middle - 8}v8`));
        g.append("path").attr("class", "out").attr("d", path(marks.out, (x) => `M${x},${middle}v8`));
        g.append("path").attr("class", "changed").attr("d", path(marks.changed, (x) => `M${x},${middle - 8}v16`));
        g.append("path").attr("class", "bad").attr("d", path(marks.bad, (x) =>
            `M${x - 3.5},${middle - 3.5}l7,7M${x + 3.5},${middle - 3.5}l-7,7`));
    }

    mark(from, to) {
        this.shown = [from, to];
        if (this.window && this.x) {
            const x = this.x(from / 1e9);
            this.window.attr("x", x - 1).attr("width", Math.max(this.x(to / 1e9) - x, 2) + 2);
        }
    }
}
