// Draws points with WebGL2: quantised places of two frames, interpolated by a uniform; everything else is a byte a point.
const VERTEX = `#version 300 es
precision highp float; precision highp int; precision highp usampler2D; precision highp sampler2D;
layout(location=0) in vec3 from; layout(location=1) in vec3 to;
layout(location=2) in uint code; layout(location=3) in uint state; layout(location=4) in float size;
uniform vec4 right; uniform vec4 down; uniform vec4 deep; uniform vec2 view; uniform float mixed; uniform float diameter;
uniform float opacity; uniform int pass; uniform int sized; uniform sampler2D table;
out vec4 shade;
void main() {
  vec4 colour = texelFetch(table, ivec2(int(code) & 255, int(code) >> 8), 0);
  bool chosen = (state & 1u) == 1u;
  bool gone = from.x < -32767.5 || (mixed > 0.0 && to.x < -32767.5) || colour.a < 0.5 || (pass == 1 && chosen) || (pass == 2 && !chosen);
  vec4 place = vec4(mix(from, to, mixed), 1.0);
  vec2 at = vec2(dot(right, place), dot(down, place)) / view * 2.0 - 1.0;
  gl_Position = gone ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(at.x, -at.y, clamp(-dot(deep, place) / (4.0 * max(view.x, view.y)), -1.0, 1.0), 1.0);
  gl_PointSize = diameter * (sized == 1 ? 0.4 + size * 3.0 : 1.0) + 1.0;
  shade = vec4(colour.rgb, opacity);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade; uniform float diameter; uniform int solid; out vec4 result;
void main() {
  float edge = 1.0;
  if (diameter > 2.5) {
    float far = length(gl_PointCoord - 0.5) * (diameter + 1.0);
    edge = clamp(diameter * 0.5 - far + 0.5, 0.0, 1.0);
    if (edge <= (solid == 1 ? 0.5 : 0.0)) discard;
    if (solid == 1) edge = 1.0;
  }
  result = vec4(shade.rgb, 1.0) * (shade.a * edge);
}`;
const PASTE = `#version 300 es
uniform vec4 spot; out vec2 at;
void main() { at = vec2(gl_VertexID & 1, gl_VertexID >> 1); gl_Position = vec4(spot.xy + at * spot.zw, 0.0, 1.0); }`;
const PASTED = `#version 300 es
precision highp float;
in vec2 at; uniform sampler2D picture; out vec4 result;
void main() { result = vec4(texture(picture, at).rgb, 1.0); }`;
const UNIFORMS = ["right", "down", "deep", "view", "mixed", "diameter", "opacity", "pass", "sized", "table", "solid"];
const MOVING = 100000; // points drawn while the view moves
const EMULATED = 20000; // the same without a graphics card, while the view is turned
const GPU_CHUNK = 500000;

class WebGL {
  constructor(gl, told) {
    const { canvas } = gl;
    Object.assign(this, { gl, canvas, speed: MOVING });
    this.turning = this.emulated() ? EMULATED : MOVING;
    canvas.addEventListener("webglcontextlost", (event) => { event.preventDefault(); this.lost = true; told(false); });
    canvas.addEventListener("webglcontextrestored", () => { this.lost = false; this.build(); if (this.points) this.load(this.points); told(true); });
    this.build();
  }

  // The name of the graphics card, or of the program that emulates one.
  name() {
    const about = this.gl.getExtension("WEBGL_debug_renderer_info");
    return String(this.gl.getParameter(about ? about.UNMASKED_RENDERER_WEBGL : this.gl.RENDERER));
  }

  emulated() { return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(this.name()); }

  build() {
    const { gl } = this;
    this.program = this.compiled(VERTEX, FRAGMENT);
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.paste = this.compiled(PASTE, PASTED);
    this.spot = gl.getUniformLocation(this.paste, "spot");
    Object.assign(this, { buffers: {}, sent: {}, table: gl.createTexture(), back: null, front: null, kept: null });
  }

  compiled(vertex, fragment) {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    return program;
  }

  // A picture of this size to draw into: the one given, if it has it.
  picture(width, height, given) {
    const { gl } = this;
    if (given?.width === width && given?.height === height) return given;
    if (given) { gl.deleteFramebuffer(given.frame); gl.deleteTexture(given.texture); gl.deleteRenderbuffer(given.depth); }
    const made = { width, height, frame: gl.createFramebuffer(), texture: gl.createTexture(), depth: gl.createRenderbuffer() };
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, made.texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.LINEAR);
    gl.bindRenderbuffer(gl.RENDERBUFFER, made.depth);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, made.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made.texture, 0);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, made.depth);
    return made;
  }

  load(points) {
    this.points = points;
    for (const name of ["places", "codes", "states", "sizes"]) this.send(name, points[name]);
  }

  // `again`: the array is the same, its values changed.
  send(name, values, again = false) {
    const { gl } = this;
    if (!values || (this.sent[name] === values && !again)) return;
    this.buffers[name] ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    this.sent[name] = values;
  }

  begin(view) {
    const { gl, canvas, points } = this;
    const [width, height] = [Math.max(1, Math.round(view.width * view.dpr)), Math.max(1, Math.round(view.height * view.dpr))];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.view = view;
    if (view.whole) this.back = this.picture(width, height, this.back); // shown when all is drawn
    gl.bindFramebuffer(gl.FRAMEBUFFER, view.whole ? this.back.frame : null);
    gl.viewport(0, 0, width, height);
    gl.clearColor(...view.background.map((value) => value / 255), 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.program);
    this.attributes(view, points);
    const four = (row) => (points.axes === 2 ? [row[0], row[1], 0, row[2]] : row);
    ["right", "down", "deep"].forEach((name, i) => gl.uniform4fv(this.at[name], four(view.affine[i])));
    gl.uniform2f(this.at.view, view.width, view.height);
    gl.uniform1f(this.at.mixed, view.mix);
    gl.uniform1f(this.at.diameter, view.size * view.dpr);
    gl.uniform1i(this.at.sized, points.sizes ? 1 : 0);
    gl.uniform1i(this.at.table, 0);
    gl.uniform1i(this.at.solid, points.axes === 3 ? 1 : 0);
    points.axes === 3 ? gl.enable(gl.DEPTH_TEST) : gl.disable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.jobs = [];
    for (const pass of view.dimming ? [1, 2] : [0]) {
      for (let at = 0; at < view.count; at += GPU_CHUNK) this.jobs.push([pass, at, Math.min(GPU_CHUNK, view.count - at)]);
    }
  }

  attributes(view, points) {
    const { gl } = this;
    const bytes = points.points * points.axes * 2;
    const attribute = (at, name, set) => {
      if (!points[name]) { gl.disableVertexAttribArray(at); return false; }
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.enableVertexAttribArray(at);
      set();
      return true;
    };
    attribute(0, "places", () => gl.vertexAttribPointer(0, points.axes, gl.SHORT, false, 0, view.first * bytes));
    if (view.mix > 0) attribute(1, "places", () => gl.vertexAttribPointer(1, points.axes, gl.SHORT, false, 0, view.second * bytes));
    else gl.disableVertexAttribArray(1);
    const kind = points.codes instanceof Uint16Array ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE;
    if (!attribute(2, "codes", () => gl.vertexAttribIPointer(2, 1, kind, 0, 0))) gl.vertexAttribI4ui(2, 0, 0, 0, 0);
    attribute(3, "states", () => gl.vertexAttribIPointer(3, 1, gl.UNSIGNED_BYTE, 0, 0));
    attribute(4, "sizes", () => gl.vertexAttribPointer(4, 1, gl.UNSIGNED_BYTE, true, 0, 0));
  }

  colours(lut) {
    const { gl } = this;
    const rows = Math.max(1, Math.ceil(lut.length / 256));
    const texels = new Uint32Array(rows * 256);
    texels.set(lut);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(texels.buffer));
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  }

  advance() {
    const job = this.jobs.shift();
    if (job && !this.lost) {
      const { gl, view } = this;
      const [pass, first, count] = job;
      this.colours(pass === 1 ? view.faded : view.lut);
      gl.uniform1i(this.at.pass, pass);
      gl.uniform1f(this.at.opacity, pass === 1 ? view.dim : view.alpha);
      gl.drawArrays(gl.POINTS, first, count);
    }
    return this.jobs.length === 0;
  }

  show() {
    if (!this.view.whole || this.lost) return;
    [this.front, this.back, this.kept] = [this.back, this.front, this.view];
    this.put({ scale: [1, 1], shift: [0, 0] });
  }

  // Shows the last whole picture as this view sees it; says whether it could.
  carry(view) {
    const way = this.lost ? null : reprojected(this.kept, view);
    if (!way) return false;
    this.begin({ ...view, count: fills(way, view) ? 0 : Math.min(UNDER, view.count) });
    while (!this.advance());
    this.put(way);
    return true;
  }

  put({ scale, shift }) {
    const { gl, front, view: { width, height } } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, front.width, front.height);
    for (const each of [gl.BLEND, gl.DEPTH_TEST]) gl.disable(each);
    gl.useProgram(this.paste);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, front.texture);
    gl.uniform4f(this.spot, (2 * shift[0]) / width - 1, 1 - (2 * (shift[1] + scale[1] * height)) / height, 2 * scale[0], 2 * scale[1]);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  free() { this.gl.getExtension("WEBGL_lose_context")?.loseContext(); }
}
