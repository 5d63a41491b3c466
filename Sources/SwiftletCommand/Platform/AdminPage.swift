// SPDX-License-Identifier: Apache-2.0

/// The page that shows the functions to people; it needs nothing from elsewhere.
enum AdminPage {
    /// Nothing but what is in the page runs, and it talks to its own server only.
    static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The whole page.
    static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <title>Swiftlet</title>
        <style>\(style)</style>
        <header><h1>Swiftlet</h1><span id="state">loading …</span></header>
        <main id="functions"></main>
        <script>\(script)</script>
        </html>

        """

    private static let style = """
        :root{color-scheme:light dark;--line:#d8dce2;--dim:#667;--card:#fff;--back:#f4f5f7;
          --flight:#3b76b5;--queue:#c4621d;--up:#2f8a57;--lag:#8a5bb0}
        @media(prefers-color-scheme:dark){:root{--line:#343a44;--dim:#9aa3b0;--card:#1e2228;
          --back:#14171b;--flight:#6ea8e0;--queue:#e89153;--up:#58b986;--lag:#bb95dd}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--back);font:15px/1.45 system-ui,sans-serif}
        header{display:flex;gap:1rem;align-items:baseline;padding:1rem 1.25rem .25rem}
        h1{font-size:1.25rem;margin:0}
        #state{color:var(--dim)}
        main{display:grid;gap:1rem;padding:1rem 1.25rem;
          grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr))}
        article{background:var(--card);border:1px solid var(--line);border-radius:10px;
          padding:1rem;min-width:0}
        h2{font-size:1.05rem;margin:0;overflow-wrap:anywhere}
        .sub,.plot span,dt,.none{color:var(--dim)}
        .sub{font-size:.85rem;overflow-wrap:anywhere}
        .badge{float:right;border-radius:99px;padding:.05rem .6rem;font-size:.85rem;
          border:1px solid var(--line);color:var(--dim)}
        .badge.up{color:var(--up);border-color:var(--up)}
        .numbers{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:.75rem 0;padding:0}
        .numbers div{display:flex;flex-direction:column-reverse}
        .numbers dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
        .numbers dt{font-size:.8rem}
        .plot{display:flex;justify-content:space-between;font-size:.8rem;margin-top:.5rem}
        svg{display:block;width:100%;height:52px;border-bottom:1px solid var(--line)}
        svg path{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}
        .flight{stroke:var(--flight);color:var(--flight)}
        .queue{stroke:var(--queue);color:var(--queue)}
        path.up{stroke:var(--up)}
        .lag{stroke:var(--lag);color:var(--lag)}
        .plot b{font-weight:500}b.up{color:var(--up)}
        h3{font-size:.85rem;margin:.9rem 0 .2rem}
        ul{margin:0;padding-left:1.1rem;font-size:.9rem;overflow-wrap:anywhere}
        .none{font-size:.9rem;margin:0}
        .bad{color:var(--queue)}
        """

    private static let script = """
        "use strict";
        const main = document.getElementById("functions");
        const state = document.getElementById("state");
        const cards = new Map();
        const node = (name, text, type) => {
          const made = document.createElement(name);
          if (text !== undefined) made.textContent = text;
          if (type) made.className = type;
          return made;
        };
        const time = s => s === undefined || s === null ? "" :
          s < 1 ? Math.round(s * 1000) + " ms" : s < 90 ? Math.round(s) + " s" :
          s < 5400 ? Math.round(s / 60) + " min" : Math.round(s / 3600) + " h";
        const span = milliseconds => milliseconds < 1000 ? milliseconds.toFixed(1) + " ms" :
          (milliseconds / 1000).toFixed(2) + " s";
        const plot = (title, series, seconds) => {
          const all = series.flatMap(one => one.values);
          const top = Math.max(1, ...all), box = node("div");
          const head = node("div", undefined, "plot");
          const names = node("span");
          series.forEach((one, index) => names.append(index ? " and " : "",
            node("b", one.name, one.type)));
          names.append(", last " + time(seconds));
          head.append(names, node("span", "max " + Math.max(0, ...all)));
          const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
          picture.setAttribute("viewBox", "0 0 300 50");
          picture.setAttribute("preserveAspectRatio", "none");
          picture.setAttribute("role", "img");
          picture.setAttribute("aria-label", title);
          for (const one of series) {
            const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
            const last = Math.max(1, one.values.length - 1);
            line.setAttribute("class", one.type);
            line.setAttribute("d", one.values.map((value, index) =>
              (index ? "L" : "M") + (300 * index / last).toFixed(1) + " " +
              (49 - 47 * value / top).toFixed(1)).join(""));
            picture.append(line);
          }
          box.append(head, picture);
          return box;
        };
        const list = (title, items, none) => {
          const box = node("div");
          box.append(node("h3", title));
          if (!items.length) { box.append(node("p", none, "none")); return box; }
          const entries = node("ul");
          for (const item of items) entries.append(node("li", item));
          box.append(entries);
          return box;
        };
        const number = (name, value) => {
          const box = node("div");
          box.append(node("dt", name), node("dd", String(value)));
          return box;
        };
        const draw = (card, one) => {
          const running = one.instances.filter(each => each.state !== "paused").length;
          const text = one.instances.length === 0 ? "at zero" :
            running ? "up" : "paused";
          const numbers = node("dl", undefined, "numbers");
          numbers.append(number("instances", one.instances.length),
            number("in flight", one.inFlight),
            number("waiting", one.queued), number("requests", one.requests),
            number("starts", one.started));
          if (one.lag !== undefined) numbers.append(number("lag", one.lag));
          if (one.lastColdStartMilliseconds !== undefined)
            numbers.append(number("cold start", span(one.lastColdStartMilliseconds)));
          const past = one.history, seconds = past ? past.instances.length : 0;
          const parts = [node("span", text, "badge" + (running ? " up" : "")),
            node("h2", one.service), node("div", one.namespace + " · " + one.revision +
              (one.isReachable ? "" : " · no traffic"), "sub"), numbers];
          if (past) parts.push(
            plot("in flight and waiting", [
              {name: "in flight", values: past.inFlight, type: "flight"},
              {name: "waiting", values: past.queued, type: "queue"}], seconds),
            plot("instances", [
              {name: "instances", values: past.instances, type: "up"}], seconds));
          if (past && one.lag !== undefined) parts.push(
            plot("lag", [{name: "lag", values: past.lag, type: "lag"}], seconds));
          parts.push(list("Why is it up?", one.whyUp.map(why => why.text +
            (why.remainingSeconds === undefined ? "" : ", for " + time(why.remainingSeconds))),
            "It is not: there is no process."));
          if (one.nextDecisionSeconds !== undefined)
            parts.push(node("p", "Next decision in " + time(one.nextDecisionSeconds) + ".",
              "none"));
          parts.push(list("Instances", one.instances.map(each => each.name + ": " + each.state +
            ", process " + each.pid + ", " + each.inFlight + " in flight"), "none"));
          parts.push(list("Recent cold starts", one.coldStarts.map(each =>
            span(each.milliseconds) + ", " + time(each.secondsAgo) + " ago"), "none yet"));
          if (one.lastCrash) parts.push(node("p", "Last crash: " + one.lastCrash + ".", "bad"));
          card.replaceChildren(...parts);
        };
        const refresh = async () => {
          try {
            const answer = await fetch("/admin/functions");
            const all = await answer.json();
            const names = new Set();
            all.sort((a, b) => (b.instances.length > 0) - (a.instances.length > 0));
            for (const one of all) {
              const name = one.namespace + "/" + one.revision;
              names.add(name);
              if (!cards.has(name)) {
                const card = node("article");
                cards.set(name, card);
              }
              if (main.children[names.size - 1] !== cards.get(name))
                main.insertBefore(cards.get(name), main.children[names.size - 1]);
              draw(cards.get(name), one);
            }
            for (const [name, card] of cards) if (!names.has(name)) {
              card.remove();
              cards.delete(name);
            }
            const up = all.filter(one => one.instances.length).length;
            state.textContent = all.length ? up + " of " + all.length + " functions up" :
              "no functions";
          } catch {
            state.textContent = "swiftlet does not answer";
          }
          setTimeout(refresh, document.hidden ? 5000 : 1000);
        };
        refresh();
        """
}
