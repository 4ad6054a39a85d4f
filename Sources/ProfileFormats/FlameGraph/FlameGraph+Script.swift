extension FlameGraph {
  /// Colours by kind of frame in five tints, for light and for dark screens.
  static let style: String = {
    // Hue, saturation, and the lightness of the middle tint for light and dark.
    let kinds: [(letter: String, hue: Int, saturation: Int)] = [
      ("n", 28, 88), ("i", 48, 82), ("j", 135, 52), ("k", 214, 72), ("u", 220, 8), ("m", 300, 22),
    ]
    func rules(_ lightness: Int, _ saturation: Double) -> String {
      kinds.map { kind in
        (0..<5).map { tint in
          let hue = kind.hue + (tint - 2) * 4
          let light = lightness + (tint - 2) * 2
          return ".\(kind.letter)\(tint) rect,rect.\(kind.letter)\(tint){fill:hsl(\(hue) "
            + "\(Int(Double(kind.saturation) * saturation))% \(light)%)}"
        }.joined()
      }.joined(separator: "\n")
    }
    return """

      :root{min-height:100vh;background:#fff} #paper{fill:#fff} text{fill:#1b1b1b} #title{font-size:16px;font-weight:bold} .small{fill:#555}
      .button{fill:#0b57b0;cursor:pointer;text-decoration:underline}
      .f{cursor:pointer} .f text{pointer-events:none} .f:hover rect{stroke:#000;stroke-width:1.2}
      .up{opacity:.55} .hit rect{fill:#c22bd8 !important} .hit text{fill:#fff !important}
      \(rules(72, 1))
      @media (prefers-color-scheme: dark){
      :root{background:#16181d} #paper{fill:#16181d} text{fill:#e8e8e8} .small{fill:#a9afba} .button{fill:#7db7ff}
      .f:hover rect{stroke:#fff} .f text{fill:#f4f4f4} .hit rect{fill:#d64be8 !important}
      \(rules(34, 0.72))
      }

      """
  }()

  /// Zooming, searching and telling, in the language of browsers. Nothing is fetched and nothing is kept.
  static let script = #"""

    (function () {
      "use strict";
      var root = document.documentElement, byId = function (id) { return document.getElementById(id); };
      var nest = byId("frames"), told = byId("told"), matched = byId("matched"), reset = byId("reset");
      var frames = [].map.call(document.querySelectorAll("g.f"), function (g) {
        var rect = g.querySelector("rect"), text = g.querySelector("text"), title = g.querySelector("title").textContent;
        return { g: g, rect: rect, text: text, title: title, name: title.split("\n")[0],
          x: parseFloat(rect.getAttribute("x")), w: parseFloat(rect.getAttribute("width")),
          y: parseFloat(rect.getAttribute("y")) };
      });
      if (!frames.length) { return; }
      var all = frames[0], zoomed = all, pattern = null, slack = 0.00015, letter = 7.3;
      (function () {
        var probe = document.createElementNS("http://www.w3.org/2000/svg", "text");
        probe.textContent = "mmmmmmmmmmmmmmmmmmmm";
        nest.appendChild(probe);
        try { letter = probe.getComputedTextLength() / 20 || letter; } catch (error) { letter = 7.3; }
        nest.removeChild(probe);
      })();

      function width() { return nest.getBoundingClientRect ? root.clientWidth * 0.98 || 1160 : 1160; }

      // Shows of each name as much as its rectangle has room for.
      function label(frame, percent, pixels) {
        var room = Math.floor((percent / 100 * pixels - 4) / letter);
        frame.text.textContent = room < 3 ? "" :
          frame.name.length <= room ? frame.name : frame.name.slice(0, room - 1) + "\u2026";
      }

      function draw() {
        var pixels = width(), scale = 100 / zoomed.w, left = zoomed.x, right = zoomed.x + zoomed.w;
        frames.forEach(function (frame) {
          var end = frame.x + frame.w, isCaller = frame.x <= left + slack && end >= right - slack &&
            Math.abs(frame.y - all.y) < Math.abs(zoomed.y - all.y);
          var isInside = frame.x >= left - slack && end <= right + slack &&
            Math.abs(frame.y - all.y) >= Math.abs(zoomed.y - all.y);
          var x = isCaller ? 0 : (frame.x - left) * scale, w = isCaller ? 100 : frame.w * scale;
          frame.g.style.display = isCaller || isInside ? "" : "none";
          frame.g.classList.toggle("up", isCaller && zoomed !== all);
          if (!isCaller && !isInside) { return; }
          frame.rect.setAttribute("x", x + "%");
          frame.rect.setAttribute("width", w + "%");
          frame.text.setAttribute("x", x + "%");
          label(frame, w, pixels);
        });
        reset.setAttribute("visibility", zoomed !== all || pattern ? "visible" : "hidden");
      }

      function search(text) {
        var problem = "";
        pattern = null;
        if (text) {
          try { pattern = new RegExp(text, "i"); } catch (error) { problem = "not a regular expression: " + text; }
        }
        // Frames inside of others that match are not counted again.
        var hits = [];
        frames.forEach(function (frame) {
          var isHit = pattern !== null && frame !== all && pattern.test(frame.name);
          frame.g.classList.toggle("hit", isHit);
          if (isHit) { hits.push(frame); }
        });
        hits.sort(function (a, b) { return a.x - b.x || b.w - a.w; });
        var end = -1, sum = 0;
        hits.forEach(function (frame) {
          if (frame.x + frame.w <= end + slack) { return; }
          sum += frame.x + frame.w - Math.max(frame.x, end);
          end = frame.x + frame.w;
        });
        matched.textContent = problem || (pattern ? hits.length + (hits.length === 1 ? " frame matches " : " frames match ") + text + ", " +
          sum.toFixed(2) + " % of the width" : " ");
        draw();
      }

      function ask() {
        var text = window.prompt("Search for functions (regular expression)", "");
        if (text !== null) { search(text); }
      }

      function clear() {
        zoomed = all;
        search("");
      }

      frames.forEach(function (frame) {
        frame.g.addEventListener("click", function () { zoomed = frame; draw(); });
        frame.g.addEventListener("mouseover", function () { told.textContent = frame.title.replace(/\n/g, " \u00b7 "); });
        frame.g.addEventListener("mouseout", function () { told.textContent = " "; });
      });
      byId("search").addEventListener("click", ask);
      reset.addEventListener("click", clear);
      window.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { clear(); }
        if (event.key === "/" || event.key === "f" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); }
      });
      window.addEventListener("resize", draw);
      draw();
      // A link can carry a search: file.svg#search=name
      var wanted = /[#&]search=([^&]*)/.exec(window.location.hash);
      if (wanted) { search(decodeURIComponent(wanted[1])); }
      var place = /[#&]zoom=([^&]*)/.exec(window.location.hash);
      if (place) {
        var name = decodeURIComponent(place[1]);
        frames.some(function (frame) {
          if (frame.name !== name) { return false; }
          zoomed = frame;
          draw();
          return true;
        });
      }
    })();

    """#
}
