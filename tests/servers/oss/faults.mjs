// What shall go wrong, as a test has planned it: each fault for the next so many requests that it is meant for.

const kinds = new Set(['drop', 'status', 'wrong-crc', 'wrong-etag', 'corrupt', 'slow', 'delay', 'deny', 'no-such-upload',
  'lose-reply', 'cut-reply', 'hang', 'qos']);

export class Faults {
  #planned = [];

  add(fault) {
    if (!kinds.has(fault.kind)) throw new Error(`no such fault: ${fault.kind}; there are ${[...kinds].join(' ')}`);
    this.#planned.push({ times: 1, after: 0, ...fault });
  }

  clear() {
    this.#planned = [];
  }

  // Those that are still to come.
  list() {
    return this.#planned;
  }

  // The fault for this request, or undefined.
  take({ action, part, key, method }) {
    const index = this.#planned.findIndex((fault) => {
      const meant = (fault.action === undefined || fault.action === action) && (fault.part === undefined || fault.part === part) &&
        (fault.key === undefined || fault.key === key) && (fault.method === undefined || fault.method === method);
      return meant && (fault.after > 0 ? (--fault.after, false) : true);
    });
    if (index < 0) return undefined;
    const fault = this.#planned[index];
    if (--fault.times <= 0) this.#planned.splice(index, 1);
    return fault;
  }
}
