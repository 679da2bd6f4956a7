// Objects and parts as plain files in a folder; what is known of them is kept in memory and dies with the server.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { combine } from './crc64.mjs';
import { Refusal, refusals } from './refusal.mjs';

export class FolderStore {
  #buckets = new Map(); // name -> {objects: Map, uploads: Map}
  #files = 0;

  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
  }

  createBucket(name) {
    if (!this.#buckets.has(name)) this.#buckets.set(name, { objects: new Map(), uploads: new Map() });
  }

  #bucket(name) {
    const bucket = this.#buckets.get(name);
    if (!bucket) throw refusals.noSuchBucket(name);
    return bucket;
  }

  #upload(bucket, key, id) {
    const upload = this.#bucket(bucket).uploads.get(id);
    if (!upload || upload.key !== key) throw refusals.noSuchUpload(id);
    return upload;
  }

  async checkBucket(bucket) {
    this.#bucket(bucket);
  }

  async head(bucket, key) {
    return this.#bucket(bucket).objects.get(key);
  }

  // Writes the body into a new file; one that breaks off leaves none.
  async #keep(body) {
    const file = path.join(this.folder, `${++this.#files}.data`);
    try {
      await pipeline(body.stream, fs.createWriteStream(file, { highWaterMark: 1 << 20 }));
    } catch (error) {
      fs.rmSync(file, { force: true });
      throw error;
    }
    return { file, size: body.size(), etag: body.md5(), crc: body.crc(), modified: new Date() };
  }

  #drop(pieces) {
    for (const { file } of pieces) fs.rmSync(file, { force: true });
  }

  #put(bucket, key, object) {
    const old = bucket.objects.get(key);
    if (old) this.#drop(old.pieces);
    bucket.objects.set(key, object);
  }

  async put(bucketName, key, body) {
    const bucket = this.#bucket(bucketName);
    const piece = await this.#keep(body);
    const object = { ...piece, pieces: [piece] };
    this.#put(bucket, key, object);
    return object;
  }

  async remove(bucketName, key) {
    const bucket = this.#bucket(bucketName);
    const old = bucket.objects.get(key);
    if (old) this.#drop(old.pieces);
    bucket.objects.delete(key);
  }

  // An async iterable of its bytes from `first` to `last`.
  async *read(bucket, key, first, last) {
    let offset = 0;
    for (const { file, size } of this.#bucket(bucket).objects.get(key).pieces) {
      const start = Math.max(first - offset, 0);
      const end = Math.min(last - offset, size - 1);
      if (start <= end) yield* fs.createReadStream(file, { start, end, highWaterMark: 1 << 20 });
      offset += size;
    }
  }

  async begin(bucket, key) {
    const id = crypto.randomBytes(16).toString('hex').toUpperCase();
    this.#bucket(bucket).uploads.set(id, { key, parts: new Map(), initiated: new Date() });
    return id;
  }

  async part(bucket, key, id, number, body) {
    const upload = this.#upload(bucket, key, id);
    const part = await this.#keep(body);
    // It may have ended meanwhile.
    if (this.#bucket(bucket).uploads.get(id) !== upload) {
      this.#drop([part]);
      throw refusals.noSuchUpload(id);
    }
    const old = upload.parts.get(number);
    if (old) this.#drop([old]);
    upload.parts.set(number, part);
    return part;
  }

  async parts(bucket, key, id) {
    return [...this.#upload(bucket, key, id).parts].map(([number, part]) => ({ number, ...part }))
      .sort((a, b) => a.number - b.number);
  }

  // chosen: [{number, etag}]
  async complete(bucketName, key, id, chosen) {
    const bucket = this.#bucket(bucketName);
    const upload = this.#upload(bucketName, key, id);
    const pieces = chosen.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (!part || part.etag !== etag) {
        throw new Refusal(400, 'InvalidPart',
          'One or more of the specified parts could not be found or the specified entity tag might not have matched the part\'s entity tag.');
      }
      return part;
    });
    if (pieces.slice(0, -1).some(({ size }) => size < 102400)) {
      throw new Refusal(400, 'EntityTooSmall', 'Your proposed upload smaller than the minimum allowed size.');
    }
    const used = new Set(pieces);
    this.#drop([...upload.parts.values()].filter((part) => !used.has(part)));
    bucket.uploads.delete(id);
    const md5 = crypto.createHash('md5');
    for (const { etag } of pieces) md5.update(Buffer.from(etag, 'hex'));
    const object = { pieces, modified: new Date(), size: pieces.reduce((sum, { size }) => sum + size, 0),
      etag: `${md5.digest('hex')}-${pieces.length}`,
      crc: pieces.reduce((crc, piece) => combine(crc, piece.crc, piece.size), 0n) };
    this.#put(bucket, key, object);
    return object;
  }

  async abort(bucket, key, id) {
    const upload = this.#upload(bucket, key, id);
    this.#drop(upload.parts.values());
    this.#bucket(bucket).uploads.delete(id);
  }

  async uploads(bucket) {
    return [...this.#bucket(bucket).uploads].map(([id, { key, initiated }]) => ({ key, id, initiated }));
  }

  async objects(bucket) {
    return [...this.#bucket(bucket).objects].map(([key, object]) => ({ key, ...object }));
  }
}
