/* The calculator of analysis/cost: the formulas of llm_book/analysis/cost.py once more. A test
   compares both (tests/docs/test_calculator.py). */
const BITS = { float32: 32, bfloat16: 16, int8: 8, int4: 4 };

function costs(s) {
  const bytes = (numbers, dtype) => Math.ceil((numbers * BITS[dtype]) / 8);
  const attention = 2 * s.dim * s.head_dim * (s.n_heads + s.n_kv_heads);
  const feedForward = (s.gated ? 3 : 2) * s.dim * s.hidden_dim;
  const weights = s.n_layers * (attention + feedForward) + s.vocab_size * s.dim;
  const parameters = weights + (s.tied ? 0 : s.vocab_size * s.dim) + s.rest;
  const attended = (s.n_layers - s.n_window_layers) * s.context
    + s.n_window_layers * Math.min(s.context, s.window);
  const row = bytes(2 * s.n_kv_heads * s.head_dim * attended, s.cache_dtype);
  const forward = 2 * weights + 4 * s.n_heads * s.head_dim * attended;
  const read = bytes(weights, s.weight_dtype) + s.batch_size * row;
  const intensity = (s.batch_size * forward) / read;
  const peak = s.peak * 1e12;
  const rate = Math.min(peak, intensity * s.bandwidth * 1e9);
  return {
    parameters,
    weight_bytes: bytes(parameters, s.weight_dtype),
    cache_bytes: s.batch_size * row,
    forward_flops: forward,
    training_flops: 3 * forward,
    intensity,
    decoding_limit: rate / forward,
    prompt_seconds: (s.batch_size * s.context * forward) / peak,
  };
}

function scaled(value, step, units) {
  let power = 0;
  while (value >= step && power < units.length - 1) {
    value /= step;
    power += 1;
  }
  return `${Number(value.toPrecision(4)).toLocaleString(document.documentElement.lang)} ${units[power]}`;
}

const binary = (value) => scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
const FORMATS = {
  parameters: (value) => value.toLocaleString(document.documentElement.lang),
  weight_bytes: binary,
  cache_bytes: binary,
  forward_flops: (value) => scaled(value / 1e6, 1000, ["MFLOP", "GFLOP", "TFLOP", "PFLOP"]),
  training_flops: (value) => scaled(value / 1e6, 1000, ["MFLOP", "GFLOP", "TFLOP", "PFLOP"]),
  intensity: (value) => scaled(value, Infinity, ["FLOP/B"]),
  decoding_limit: (value) => scaled(value, Infinity, ["token/s"]),
  prompt_seconds: (value) => scaled(value * 1e3, 1000, ["ms", "s"]),
};

function start(form) {
  const fields = form.elements;
  const presets = JSON.parse(form.dataset.presets);

  function fill(name) {
    for (const [field, value] of Object.entries(presets[name])) {
      if (fields[field].type === "checkbox") fields[field].checked = value;
      else fields[field].value = value;
    }
  }

  function show() {
    fields.n_window_layers.max = fields.n_layers.value;
    const sizes = {};
    for (const field of fields) {
      if (field.type === "checkbox") sizes[field.name] = field.checked;
      else if (field.type === "number") sizes[field.name] = field.valueAsNumber;
      else if (field.tagName === "SELECT") sizes[field.name] = field.value;
    }
    const results = form.checkValidity() ? costs(sizes) : {};
    for (const [name, format] of Object.entries(FORMATS)) {
      const known = Number.isFinite(results[name]);
      fields[name].dataset.value = known ? results[name] : "";
      fields[name].value = known ? format(results[name]) : "–";
    }
  }

  form.addEventListener("input", (event) => {
    const { name } = event.target;
    const chooser = event.target.closest("fieldset").querySelector("select[data-chooser]");
    if (chooser === event.target) {
      if (event.target.value) fill(event.target.value);
    } else if (chooser && name in presets[chooser.options[1].value]) {
      chooser.value = "";  // these are the reader's own numbers now
    }
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const chooser of form.querySelectorAll("select[data-chooser]")) fill(chooser.value);
  show();
}

document.querySelectorAll("form.calculator").forEach(start);
