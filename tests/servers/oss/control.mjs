// What tests ask of the front itself, unsigned, under /__: see README.md.
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Faults } from './faults.mjs';

export class Control {
  faults = new Faults();
  forbidden = new Set();
  #log = [];

  constructor(signatures, store, options) {
    Object.assign(this, { signatures, store, options, settings: { region: options.region } });
  }

  // One line for each request, when it is done.
  note(entry) {
    this.#log.push(entry);
    if (this.options.log) fs.appendFileSync(this.options.log, `${JSON.stringify(entry)}\n`);
  }

  #routes = {
    'POST /__faults': ({ body }) => (Array.isArray(body) ? body : [body]).forEach((fault) => this.faults.add(fault)),
    'GET /__faults': () => this.faults.list(),
    'DELETE /__faults': () => this.faults.clear(),
    'GET /__log': () => this.#log,
    'DELETE /__log': () => { this.#log = []; },
    'POST /__forbid': ({ body }) => { this.forbidden = new Set(body); },
    'POST /__clock': ({ body }) => { this.signatures.offset = body.offset * 1000; },
    'POST /__users': ({ body }) => { this.signatures.users = body; },
    'POST /__settings': ({ body }) => Object.assign(this.settings, body),
    'POST /__buckets': async ({ body }) => { for (const name of body) await this.store.createBucket(name); },
    'GET /__uploads': ({ rest }) => this.store.uploads(rest[0]),
    'GET /__objects': async ({ rest }) => (await this.store.objects(rest[0])).map(({ key, size, etag, crc }) => ({ key, size, etag, crc })),
  };

  // GET /__object/BUCKET/KEY: the bytes themselves.
  async #object(outgoing, [bucket, ...key]) {
    const name = key.join('/');
    const object = await this.store.head(bucket, name);
    outgoing.writeHead(object ? 200 : 404);
    if (object) await pipeline(this.store.read(bucket, name, 0, object.size - 1), outgoing);
    else outgoing.end();
  }

  async serve(incoming, outgoing) {
    const [, name, ...rest] = incoming.url.split('/').map(decodeURIComponent);
    let text = '';
    for await (const chunk of incoming) text += chunk;
    try {
      if (name === '__object' && incoming.method === 'GET') {
        await this.#object(outgoing, rest);
        return;
      }
      const route = this.#routes[`${incoming.method} /${name}`];
      if (!route) throw new Error(`there is no ${incoming.method} /${name}`);
      const result = await route({ rest, body: text && JSON.parse(text) });
      const json = (_, value) => (typeof value === 'bigint' ? String(BigInt.asUintN(64, value)) : value);
      outgoing.end(result === undefined ? '' : `${JSON.stringify(result, json)}\n`);
    } catch (error) {
      outgoing.writeHead(400).end(`${error.message}\n`);
    }
  }
}
