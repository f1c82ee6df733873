// The last whole picture, carried along while the view moves: as good as drawing it anew up to its border.
const UNDER = 8000; // points drawn where the carried picture does not reach
const SHARP = 1e-6; // relative difference up to which two rows of a camera point the same way

// How pixels of one camera become those of another, { scale, shift } by axis; null where the view was turned.
const carried = (before, after) => {
  const found = { scale: [], shift: [] };
  for (const i of [0, 1]) {
    const [from, to] = [before[i].slice(0, -1), after[i].slice(0, -1)];
    const scale = from.reduce((sum, value, axis) => sum + value * to[axis], 0) / from.reduce((sum, value) => sum + value * value, 0);
    const off = Math.hypot(...to.map((value, axis) => value - scale * from[axis]));
    if (!(off <= SHARP * Math.hypot(...to))) return null;
    found.scale.push(scale);
    found.shift.push(after[i].at(-1) - scale * before[i].at(-1));
  }
  return found;
};

// The same for a picture that was drawn of a view and one that is to be seen; null where more than the camera differs.
const reprojected = (drawn, view) => {
  const same = drawn && ["width", "height", "dpr", "edition", "first", "mix"].every((name) => drawn[name] === view[name]);
  return same ? carried(drawn.affine, view.affine) : null;
};

// Whether the carried picture fills the view.
const fills = ({ scale, shift }, { width, height }) => [width, height].every((side, i) => shift[i] < 0.5 && shift[i] + scale[i] * side > side - 0.5);
