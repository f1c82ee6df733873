// The parts of the component on the page.
const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true">${path}</svg>`;
const line = (d) => icon(`<path d="${d}" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`);
const ICONS = {
  pan: line("M12 3v18M3 12h18M12 3l-2.5 2.5M12 3l2.5 2.5M12 21l-2.5-2.5M12 21l2.5-2.5M3 12l2.5-2.5M3 12l2.5 2.5M21 12l-2.5-2.5M21 12l-2.5 2.5"),
  lasso: line("M12 4c5 0 9 2.5 9 6s-4 6-9 6c-1.6 0-3-.2-4.3-.7M3 10c0-3.5 4-6 9-6M3 10c0 1.8 1.2 3.5 3.2 4.6M6 14a2 2 0 1 0 2 2M7.5 17.5c.5 1.5 0 2.5-1 3.5"),
  box: icon('<rect x="4" y="5" width="16" height="14" rx="1" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="3 2.5"/>'),
  fit: line("M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"),
  closer: line("M12 5v14M5 12h14"),
  farther: line("M5 12h14"),
  clear: line("M6 6l12 12M18 6L6 18"),
  save: line("M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"),
  play: icon('<path d="M7 4.5v15l13-7.5z" fill="currentColor"/>'),
  pause: icon('<path d="M6 5h4v14H6zM14 5h4v14h-4z" fill="currentColor"/>'),
  back: line("M15 5l-8 7 8 7"),
  forward: line("M9 5l8 7-8 7"),
};
const tool = (name, label, extra = "") => `<button type="button" class="pm-tool pm-${name}" title="${label}" aria-label="${label}" ${extra}>${ICONS[name]}</button>`;

const MARKUP = `
<div class="pm-root">
  <div class="pm-tools" role="toolbar" aria-label="Map tools">
    ${tool("pan", "Move the view", 'aria-pressed="true"')}${tool("lasso", "Select by drawing around points", 'aria-pressed="false"')}${tool("box", "Select by a box (or Shift and drag)", 'aria-pressed="false"')}
    <span class="pm-gap"></span>
    ${tool("fit", "Show all points (0)")}${tool("closer", "Zoom in (+)")}${tool("farther", "Zoom out (−)")}${tool("clear", "Clear the selection (Escape)")}
    <span class="pm-gap"></span>
    <details class="pm-saving"><summary class="pm-tool" title="Save the view" aria-label="Save the view">${ICONS.save}</summary>
      <div class="pm-menu"><button type="button" class="pm-png">PNG image</button><button type="button" class="pm-svg">SVG drawing</button><button type="button" class="pm-gif">GIF film</button><button type="button" class="pm-film">WebM film</button></div>
    </details>
  </div>
  <div class="pm-body">
    <div class="pm-stage" tabindex="0" role="application">
      <canvas class="pm-points"></canvas><canvas class="pm-plain" hidden></canvas><canvas class="pm-over"></canvas>
      <div class="pm-card" hidden></div>
      <div class="pm-status" role="status"></div>
    </div>
    <div class="pm-legend" hidden></div>
  </div>
  <div class="pm-player" hidden>
    ${tool("back", "Previous frame")}${tool("play", "Play")}${tool("forward", "Next frame")}
    <input class="pm-scrub" type="range" min="0" max="1" step="1" value="0" aria-label="Frame">
    <span class="pm-now"></span>
    <select class="pm-speed" aria-label="Speed"><option value="0.5">½×</option><option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select>
  </div>
  <div class="pm-note" hidden></div>
</div>`;
