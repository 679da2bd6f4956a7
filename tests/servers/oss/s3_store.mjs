// Objects and parts in a server that speaks S3 (radosgw, Swift): every request is signed anew and streamed on. What S3
// does not tell, the CRC-64 of what passed through here, is kept in memory.
import crypto from 'node:crypto';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { combine } from './crc64.mjs';
import { document, Refusal, refusals } from './refusal.mjs';

const unescapeXml = (text) => text.replace(/&(#x?[0-9a-f]+|lt|gt|amp|quot|apos);/gi, (_, name) => {
  const named = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }[name];
  return named ?? String.fromCodePoint(name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
});
const all = (xml, name) => [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>(.*?)</${name}>`, 'gs'))].map((match) => match[1]);
const text = (xml, name) => (all(xml, name)[0] === undefined ? undefined : unescapeXml(all(xml, name)[0]));
const encode = (name) => encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const hmac = (key, message) => crypto.createHmac('sha256', key).update(message).digest();

export class S3Store {
  #agent = new http.Agent({ keepAlive: true });
  #objectCrcs = new Map(); // bucket/key -> {crc, etag}
  #partCrcs = new Map(); // upload -> Map(number -> crc)

  // address: http://HOST:PORT
  constructor(address, { id, secret, region }) {
    this.address = new URL(address);
    Object.assign(this, { id, secret, region });
  }

  #signed(method, path, query, headers) {
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const pairs = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${encode(name)}=${encode(value)}`);
    const own = { host: this.address.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': now };
    const names = Object.keys(own).sort();
    const canonical = [method, path, pairs.join('&'), ...names.map((name) => `${name}:${own[name]}`), '', names.join(';'),
      'UNSIGNED-PAYLOAD'].join('\n');
    const scope = [now.slice(0, 8), this.region, 's3', 'aws4_request'];
    const toSign = ['AWS4-HMAC-SHA256', now, scope.join('/'), crypto.createHash('sha256').update(canonical).digest('hex')].join('\n');
    const signature = hmac(scope.reduce(hmac, `AWS4${this.secret}`), toSign).toString('hex');
    return { path: pairs.length ? `${path}?${pairs.join('&')}` : path,
      headers: { ...headers, ...own, authorization: `AWS4-HMAC-SHA256 Credential=${this.id}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}` } };
  }

  // A reply whose body is not read yet. body: {stream, length} or a string.
  async #open(method, bucket, key, { query = {}, headers = {}, body } = {}) {
    const path = `/${encode(bucket)}${key === undefined ? '' : `/${key.split('/').map(encode).join('/')}`}`;
    const signed = this.#signed(method, path, query, headers);
    signed.headers['content-length'] = body === undefined ? 0 : body.length;
    const request = http.request({ host: this.address.hostname, port: this.address.port, agent: this.#agent, method, ...signed });
    const replied = new Promise((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
    });
    replied.catch(() => {}); // also where the body breaks off first
    if (typeof body === 'string') request.end(body);
    else if (body) await pipeline(body.stream, request);
    else request.end();
    return replied;
  }

  async #ask(method, bucket, key, options) {
    const reply = await this.#open(method, bucket, key, options);
    let xml = '';
    for await (const chunk of reply.setEncoding('utf8')) xml += chunk;
    if (reply.statusCode >= 300) throw this.#refusal(reply, xml, bucket, key, options);
    return { reply, xml };
  }

  #refusal(reply, xml, bucket, key, options) {
    const code = text(xml, 'Code') ?? { 403: 'AccessDenied', 404: 'NoSuchKey' }[reply.statusCode] ?? 'InternalError';
    if (code === 'NoSuchUpload') return refusals.noSuchUpload(options?.query?.uploadId);
    if (code === 'NoSuchBucket') return refusals.noSuchBucket(bucket);
    if (code === 'NoSuchKey') return refusals.noSuchKey(key);
    return new Refusal(reply.statusCode, code, text(xml, 'Message') ?? 'The store behind refused.');
  }

  async createBucket(name) {
    await this.#ask('PUT', name);
  }

  async checkBucket(bucket) {
    await this.#ask('HEAD', bucket).catch((error) => {
      throw error.status === 404 ? refusals.noSuchBucket(bucket) : error;
    });
  }

  async head(bucket, key) {
    const reply = await this.#open('HEAD', bucket, key);
    reply.resume();
    if (reply.statusCode === 404) return undefined;
    if (reply.statusCode >= 300) throw this.#refusal(reply, '', bucket, key);
    const etag = (reply.headers.etag ?? '').replace(/"/g, '');
    const known = this.#objectCrcs.get(`${bucket}/${key}`);
    return { size: Number(reply.headers['content-length']), etag, crc: known?.etag === etag ? known.crc : undefined,
      modified: new Date(reply.headers['last-modified']) };
  }

  async #remember(bucket, key, crc) {
    this.#objectCrcs.set(`${bucket}/${key}`, { crc, etag: (await this.#headOf(bucket, key)).etag });
  }

  // By HEAD: radosgw's own reply to a completion has no ETag.
  async #headOf(bucket, key) {
    const reply = await this.#open('HEAD', bucket, key);
    reply.resume();
    return { etag: (reply.headers.etag ?? '').replace(/"/g, ''), size: Number(reply.headers['content-length']) };
  }

  async put(bucket, key, body) {
    const { reply } = await this.#ask('PUT', bucket, key, { body });
    await this.#remember(bucket, key, body.crc());
    return { size: body.size(), etag: reply.headers.etag.replace(/"/g, ''), crc: body.crc() };
  }

  async remove(bucket, key) {
    await this.#ask('DELETE', bucket, key);
    this.#objectCrcs.delete(`${bucket}/${key}`);
  }

  async *read(bucket, key, first, last) {
    const reply = await this.#open('GET', bucket, key, { headers: last < first ? {} : { range: `bytes=${first}-${last}` } });
    yield* reply;
  }

  async begin(bucket, key) {
    const { xml } = await this.#ask('POST', bucket, key, { query: { uploads: '' } });
    const id = text(xml, 'UploadId');
    this.#partCrcs.set(id, new Map());
    return id;
  }

  async part(bucket, key, id, number, body) {
    const { reply } = await this.#ask('PUT', bucket, key, { query: { partNumber: number, uploadId: id }, body });
    const etag = reply.headers.etag.replace(/"/g, '');
    this.#partCrcs.get(id)?.set(number, { crc: body.crc(), etag });
    return { size: body.size(), etag, crc: body.crc() };
  }

  async parts(bucket, key, id) {
    const parts = [];
    let marker = 0;
    for (;;) {
      const { xml } = await this.#ask('GET', bucket, key, { query: { uploadId: id, 'part-number-marker': marker } });
      for (const part of all(xml, 'Part')) {
        const number = Number(text(part, 'PartNumber'));
        const etag = text(part, 'ETag').replace(/"/g, '');
        const known = this.#partCrcs.get(id)?.get(number);
        parts.push({ number, etag, size: Number(text(part, 'Size')), modified: new Date(text(part, 'LastModified')),
          crc: known?.etag === etag ? known.crc : undefined });
      }
      if (text(xml, 'IsTruncated') !== 'true') return parts;
      marker = text(xml, 'NextPartNumberMarker');
    }
  }

  async complete(bucket, key, id, chosen) {
    const known = new Map((await this.parts(bucket, key, id)).map((part) => [part.number, part]));
    const body = document('CompleteMultipartUpload',
      { Part: chosen.map(({ number, etag }) => ({ PartNumber: number, ETag: `"${etag}"` })) });
    const { xml } = await this.#ask('POST', bucket, key, { query: { uploadId: id }, body });
    if (xml.includes('<Error>')) throw new Refusal(500, text(xml, 'Code'), text(xml, 'Message'));
    const pieces = chosen.map(({ number }) => known.get(number));
    const crc = pieces.every((piece) => piece?.crc !== undefined)
      ? pieces.reduce((sum, piece) => combine(sum, piece.crc, piece.size), 0n) : undefined;
    this.#partCrcs.delete(id);
    await this.#remember(bucket, key, crc);
    return { ...await this.#headOf(bucket, key), crc };
  }

  async abort(bucket, key, id) {
    await this.#ask('DELETE', bucket, key, { query: { uploadId: id } });
    this.#partCrcs.delete(id);
  }

  async uploads(bucket) {
    const found = [];
    const query = { uploads: '' };
    for (;;) {
      const { xml } = await this.#ask('GET', bucket, undefined, { query });
      for (const upload of all(xml, 'Upload')) {
        found.push({ key: text(upload, 'Key'), id: text(upload, 'UploadId'), initiated: new Date(text(upload, 'Initiated')) });
      }
      if (text(xml, 'IsTruncated') !== 'true') return found;
      query['key-marker'] = text(xml, 'NextKeyMarker');
      query['upload-id-marker'] = text(xml, 'NextUploadIdMarker');
    }
  }

  async objects(bucket) {
    const { xml } = await this.#ask('GET', bucket);
    return all(xml, 'Contents').map((one) => ({ key: text(one, 'Key'), size: Number(text(one, 'Size')),
      etag: text(one, 'ETag').replace(/"/g, ''), modified: new Date(text(one, 'LastModified')) }));
  }
}
