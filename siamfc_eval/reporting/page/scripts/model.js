// What the page shows, read once from the data that it carries.

export const page = JSON.parse(document.getElementById("page-data").textContent);

/** An array that is held in 16 bits a number; NaN where a number is missing. */
class Packed {
  constructor({ shape, low, high, data }) {
    const steps = new Uint16Array(bytes(data).buffer);
    this.shape = shape;
    this.low = low;
    this.step = (high - low) / 65534;
    this.steps = steps;
  }

  /** The last axis at the given places of the others. */
  row(...places) {
    const length = this.shape.at(-1);
    let start = 0;
    places.forEach((place, axis) => (start = start * this.shape[axis] + place));
    const part = this.steps.subarray(start * length, (start + 1) * length);
    return Array.from(part, (value) => (value === 65535 ? NaN : this.low + value * this.step));
  }
}

/** Trackers on one data set under one convention; they are numbered by rank. */
export class Section {
  constructor(data, number) {
    Object.assign(this, data);
    this.number = number;
    this.metric = data.metrics[0];
    this.trackers = data.order.map((tracker) => page.trackers[tracker]);
    this.names = this.trackers.map((tracker) => tracker.name);
    this.place = new Map(this.names.map((name, place) => [name, place]));
    this.attributeNames = data.attributes.map((attribute) => attribute.name);
    for (const curve of this.curves) {
      curve.y = new Packed(curve.y);
      curve.byAttribute = curve.byAttribute && new Packed(curve.byAttribute);
      for (const kind of curve.bands ? ["pointwise", "simultaneous"] : []) {
        const { low, high } = curve.bands[kind];
        curve.bands[kind] = { low: new Packed(low), high: new Packed(high) };
      }
    }
    this.lines = data.timelines === null ? null : timelines[data.timelines];
  }

  /** Metric by key, else the one that ranks. */
  metricOf(key) {
    return this.metrics.find((metric) => metric.key === key) ?? this.metric;
  }

  /** The first metric that single sequences have, as the tables take it. */
  get sequenceMetric() {
    const known = (metric) => this.values[metric.key].some((row) => row.some((value) => value !== null));
    return this.metrics.find(known) ?? this.metric;
  }

  /** Positive where the first value is better. */
  lead(metric, value, other) {
    return metric.better === "higher" ? value - other : other - value;
  }

  /** The comparison of two trackers; null where there is none. */
  pair(a, b) {
    const found = this.comparison?.pairs.find(([better, worse]) => (better === a && worse === b) || (better === b && worse === a));
    if (!found) return null;
    const [better, worse, difference, low, high, p, resolved, significant, wins, losses, ties] = found;
    return { better, worse, difference, low, high, p, resolved, significant: Boolean(significant), wins, losses, ties };
  }

  /** Whether two trackers that do not differ significantly are the same, and what would settle it; null if not known. */
  closenessOf(a, b) {
    const found = this.closeness?.pairs.find(([one, other]) => (one === a && other === b) || (one === b && other === a));
    return found ? { p: found[2], same: Boolean(found[3]), needed: found[4], margin: this.closeness.margin } : null;
  }

  /** Numbers of the sequences that have an attribute; null where attributes are of frames or unknown. */
  members(attribute) {
    const found = this.attributes.find((one) => one.name === attribute)?.sequences ?? [];
    return found.length ? found : null;
  }
}

export const FULL = 250;
export const CODES = { unknown: 251, skipped: 252, failure: 253, start: 254 };

/** Overlaps frame by frame, which are unpacked when someone asks for a tracker's. */
class Timelines {
  constructor(data) {
    Object.assign(this, data);
    this.holders = new Map(data.trackers.map((one) => [page.trackers[one.tracker].name, one]));
    this.unpacked = new Map();
  }

  /** A tracker's runs on a sequence: repetition -> values, one for each `stride` frames; null where there are none. */
  async of(tracker, sequence) {
    const holder = this.holders.get(tracker);
    const wanted = this.sequences.indexOf(sequence);
    if (!holder || !holder.lines.some(([, which]) => which === wanted)) return null;
    if (!this.unpacked.has(tracker)) this.unpacked.set(tracker, inflate(holder.data));
    const values = await this.unpacked.get(tracker);
    const found = new Map();
    let start = 0;
    for (const [number, which] of holder.lines) {
      const length = Math.ceil(this.frames[which] / this.stride);
      if (which === wanted) found.set(number, values.subarray(start, start + length));
      start += length;
    }
    return found;
  }

  /** Repetitions of a tracker that are here for a sequence, and how many there are in all. */
  repetitions(tracker, sequence) {
    const holder = this.holders.get(tracker);
    const wanted = this.sequences.indexOf(sequence);
    const here = holder ? holder.lines.filter(([, which]) => which === wanted).map(([number]) => number) : [];
    return { here, all: holder ? holder.runs : 0 };
  }
}

function bytes(base64) {
  const text = atob(base64);
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

async function inflate(base64) {
  const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const timelines = page.timelines.map((data) => new Timelines(data));
export const sections = page.sections.map((data, number) => new Section(data, number));
