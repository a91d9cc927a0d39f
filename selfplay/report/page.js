"use strict";
(() => {
  const tip = document.getElementById("tip");
  for (const svg of document.querySelectorAll("svg.chart")) {
    const data = JSON.parse(svg.dataset.chart), pointer = svg.querySelector(".pointer");
    const box = svg.viewBox.baseVal;
    const hide = () => { tip.style.visibility = pointer.style.visibility = "hidden"; };
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("pointermove", (event) => {
      const area = svg.getBoundingClientRect();
      const at = (event.clientX - area.left) * box.width / area.width;
      const rows = [];
      let px = null, x = null;
      for (const line of data.lines) {
        let best = -1;
        line.px.forEach((p, i) => { if (best < 0 || Math.abs(p - at) < Math.abs(line.px[best] - at)) best = i; });
        if (best < 0) continue;
        if (px === null || Math.abs(line.px[best] - at) < Math.abs(px - at)) { px = line.px[best]; x = line.x[best]; }
        const row = document.createElement("div");
        row.textContent = `${line.name}: ${line.y[best]} ${data.unit}`;
        row.style.color = `var(--s${line.style})`;
        rows.push(row);
      }
      if (px === null) return hide();
      const head = document.createElement("div");
      head.textContent = `${typeof x === 'string' ? x : +x.toPrecision(4)} ${data.x_unit}`;
      tip.replaceChildren(head, ...rows);
      for (const [name, value] of [["x1", px], ["x2", px], ["y1", 10], ["y2", box.height - 26]]) pointer.setAttribute(name, value);
      tip.style.visibility = pointer.style.visibility = "visible";
      const left = event.clientX + 14, wide = tip.offsetWidth;
      tip.style.left = `${left + wide > innerWidth ? event.clientX - wide - 14 : left}px`;
      tip.style.top = `${event.clientY + 14}px`;
    });
  }
  for (const figure of document.querySelectorAll("figure.game")) {
    const game = JSON.parse(figure.dataset.game), last = figure.querySelector(".last");
    const stones = [...figure.querySelectorAll(".stone")], where = figure.querySelector(".where");
    const boards = [[...game.start].map(Number)];
    for (const [, changes] of game.plies) {
      const board = boards[boards.length - 1].slice();
      for (const [point, colour] of changes) board[point] = colour;
      boards.push(board);
    }
    const total = game.plies.length;
    let ply = total, timer = null;
    const show = (next) => {
      ply = Math.max(0, Math.min(total, next));
      boards[ply].forEach((colour, point) => stones[point].setAttribute("class", `stone ${"ebw"[colour]}`));
      const point = ply ? game.plies[ply - 1][0] : -1, [x, y] = point < 0 ? [-99, -99] : game.at[point];
      last.setAttribute("cx", x); last.setAttribute("cy", y);
      where.textContent = `${ply} of ${total} plies` + (ply ? `, ${game.names[ply - 1]}` : "");
    };
    const stop = () => { clearInterval(timer); timer = null; };
    const play = () => {
      if (timer) return stop();
      if (ply === total) show(0);
      timer = setInterval(() => { if (ply === total) stop(); else show(ply + 1); }, 350);
    };
    for (const button of figure.querySelectorAll("button"))
      button.addEventListener("click", () => {
        if (button.dataset.step === "play") return play();
        stop(); show(ply + Number(button.dataset.step));
      });
    const keys = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: -10, ArrowDown: 10, Home: -9999, End: 9999 };
    figure.addEventListener("keydown", (event) => {
      if (event.key === " " && event.target === figure) play();
      else if (event.key in keys) { stop(); show(ply + keys[event.key]); }
      else return;
      event.preventDefault();
    });
    figure.addEventListener("pointerdown", () => figure.focus({ preventScroll: true }));
  }
})();
